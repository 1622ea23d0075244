#include "pipeline/collection.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "io/atomic_file.hpp"
#include "io/reader.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/folder_rules.hpp"
#include "pipeline/resume.hpp"
#include "schedule/book_names.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// An output that is there, and what is known of it.
struct Member {
    Job job;
    const SceneHistory* scene = nullptr;
    const OutputEvent* output = nullptr;
};

std::vector<Member> members_of(const RunPlan& plan, const RunHistory& history, BookNames& names) {
    std::vector<Member> out;
    for (const Job& job : plan.catalogue.jobs) {
        const SceneName name{plan.inputs.at(static_cast<std::size_t>(job.file)), job.scene};
        const auto known = history.scenes.find(name);
        if (known == history.scenes.end()) continue;
        const OutputEvent* output = standing_output(known->second, job, names, OutputFormat::tiff);
        if (output != nullptr) out.push_back({job, &known->second, output});
    }
    return out;
}

constexpr const char* name_begins = "collection ";

/// Names a collection by what is in it.
SceneName name_of(const std::vector<Member>& members) {
    std::string text;
    for (const Member& member : members)
        text += fmt::format("{} {}\n", member.output->path, member.output->sha256);
    return {fmt::format("{}{:016x}", name_begins, checksum(std::as_bytes(std::span(text)))), 0};
}

bool stands(const RunHistory& history, const SceneName& name, const fs::path& file,
            BookNames& names) {
    const auto known = history.scenes.find(name);
    return known != history.scenes.end() && is_written(known->second, file, names);
}

/// States of the frames, and why those without cells have none.
std::vector<FrameRecord> records_of(const Member& member, std::int64_t frames) {
    std::vector<FrameRecord> out(static_cast<std::size_t>(frames));
    for (std::int64_t t = 0; t < frames; ++t) {
        FrameRecord& record = out[static_cast<std::size_t>(t)];
        record.frame.t = t;
        const auto known = member.scene->frames.find(t);
        if (known == member.scene->frames.end()) continue;
        // A frame without cells may have a reason for it, such as NaN among its pixels.
        record.cells = known->second.done.cells;
        record.notes = known->second.done.notes;
    }
    for (const std::int64_t t : member.output->empty) {
        FrameRecord& record = out.at(static_cast<std::size_t>(t));
        record.state = FrameState::missing;
        const auto known = member.scene->frames.find(t);
        if (known == member.scene->frames.end() || !known->second.quarantined) continue;
        record.state = FrameState::quarantined;
        if (!known->second.failures.empty()) record.notes = {known->second.failures.back()};
    }
    return out;
}

}  // namespace

std::optional<Gather> make_collection(const RankContext& context, const RunPlan& plan) {
    const RunHistory history = read_history(context.run.folder, {}, context.run.owners);
    BookNames names(context.run.home());
    const auto members = members_of(plan, history, names);
    if (members.empty()) return std::nullopt;
    const fs::path& file = context.options.collect;
    Gather out;
    out.path = file;
    out.event.scene = name_of(members);
    out.event.path = names.name_of(file);
    out.replaces = context.run.replaces_collection;
    if (stands(history, out.event.scene, file, names)) return std::nullopt;
    std::vector<std::string> groups;
    groups.reserve(members.size());
    for (const Member& member : members) groups.push_back(member.job.stem.filename());
    groups = unique_group_names(groups);
    for (std::size_t i = 0; i < members.size(); ++i) {
        const Member& member = members[i];
        const auto& input = plan.catalogue.files.at(static_cast<std::size_t>(member.job.file));
        const fs::path mask = mask_path(member.job.stem);
        GatherScene scene;
        scene.mask = mask;
        scene.content = content_of(context, input, member.job.scene, mask,
                                   records_of(member, member.output->frames));
        scene.content.group = groups[i];
        scene.content.wide = open_reader(mask)->info().scenes.front().type == PixelType::u32;
        // The mask carries its own log; here only the frames' states are known.
        std::erase_if(scene.content.provenance,
                      [](const auto& entry) { return entry.first == "log"; });
        out.event.frames += member.output->frames;
        out.event.cells += member.output->cells;
        out.scenes.push_back(std::move(scene));
    }
    return out;
}

void check_collection(const RunPlan& plan, const RunOptions& options) {
    const std::string chosen = options.collect.filename();
    const std::size_t most = longest_name(options.collect.parent_path());
    if (chosen.size() > most)
        throw Error(ErrorKind::usage,
                    fmt::format("--collect: the name {} has {} bytes, and its folder takes {} at "
                                "most; choose a shorter one",
                                show(chosen), chosen.size(), most));
    if (options.collect.empty()) return;
    std::string why;
    std::error_code failed;
    if (fs::is_directory(options.collect, failed))
        throw Error(ErrorKind::usage, fmt::format("{}: is a folder; name a file for --collect",
                                                  show(options.collect)));
    if (!can_be_put(options.collect, why))
        throw Error(ErrorKind::usage, fmt::format("{} {}; choose another name for --collect",
                                                  show(options.collect), why));
    if (look_at(options.collect).kind == EntryKind::none) return;
    if (options.existing == Existing::overwrite) return;
    BookNames names(plan.folder.parent_path().parent_path());
    for (const auto& [name, scene] : plan.history.scenes)
        if (is_written(scene, options.collect, names)) return;
    throw Error(ErrorKind::usage,
                fmt::format("{}: is there already, from other settings or another program; choose "
                            "--overwrite or another name for --collect",
                            show(options.collect)));
}

bool collection_is_written(const RunRecord& run, const RunHistory& history, const fs::path& file) {
    // One that was there before may be in the books, too.
    if (run.replaces_collection) return false;
    BookNames names(run.home());
    return std::ranges::any_of(history.scenes, [&](const auto& known) {
        return known.first.input.starts_with(name_begins) && is_written(known.second, file, names);
    });
}

bool collection_stands(const RunPlan& plan, const RunOptions& options) {
    if (options.collect.empty()) return true;
    BookNames names(plan.folder.parent_path().parent_path());
    const auto members = members_of(plan, plan.history, names);
    return stands(plan.history, name_of(members), options.collect, names);
}

}  // namespace cytofleet
