#include "pipeline/catalogue.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/set_parts.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

// Frames that are announced but not there, until one has to say that they are wanted: a small file
// may announce millions, and each becomes a plane.
constexpr std::int64_t many_missing = 10'000;
constexpr std::int64_t missing_for_each = 100;

// So many frames with so few pixels on a side are an image whose axes are mistaken.
constexpr std::int64_t narrowest = 8;
constexpr std::int64_t many_frames = 32;

/// Why a scene cannot be segmented; empty when it can.
std::string why_not(const SceneInfo& scene, const RunOptions& options) {
    const std::int64_t channel = options.channel;
    if (scene.z > 1)
        return fmt::format(
            "has Z = {} slices; if they are time points or channels, say so by --axes T or C, "
            "else project the file first (--projection comes with a later version)",
            scene.z);
    if (scene.y < 1 || scene.x < 1) return "has no pixels";
    const std::int64_t narrow = std::min(scene.y, scene.x);
    const std::int64_t long_side = std::max(scene.y, scene.x);
    if (options.reader.axes.empty() && narrow <= narrowest && scene.t >= many_frames &&
        long_side >= many_frames)
        return fmt::format(
            "has {} frames of {} x {} (Y x X) pixels, in which no cell is found: if its channels "
            "lie last, say so by --axes {}; if it is a movie all the same, by --axes T",
            scene.t, scene.y, scene.x, scene.x <= scene.y ? "YXC" : "YCX");
    const std::int64_t channels = scene.c * scene.samples;
    if (channel >= channels)
        return fmt::format("has {}{}, so there is no --channel {} (they count from 0)",
                           count_of(static_cast<std::uint64_t>(channels), "channel"),
                           scene.samples > 1 ? " (RGB samples)" : "", channel);
    const std::int64_t missing = std::ssize(scene.missing_frames);
    if (!options.keep_missing && missing > many_missing &&
        missing > missing_for_each * (scene.t - missing))
        return fmt::format(
            "announces {} but holds only {} of them; --keep-missing writes an empty plane for "
            "each of the others",
            count_of(static_cast<std::uint64_t>(scene.t), "frame"), scene.t - missing);
    return {};
}

/// The folder's file system takes `a` and `A` for one name.
bool ignores_case(const fs::path& folder) {
    std::string name = folder.filename().string();
    bool letters = false;
    for (char& c : name) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            c = static_cast<char>(c ^ 0x20);
            letters = true;
        }
    }
    std::error_code failed;
    return letters && fs::equivalent(folder, folder.parent_path() / name, failed) && !failed;
}

/// Two inputs that would write one output are named; of more than one such pair, the number.
void check_collisions(const Catalogue& catalogue) {
    std::map<fs::path, const Job*> seen;
    std::string first;
    std::uint64_t more = 0;
    for (const Job& job : catalogue.jobs) {
        // A link to itself, or into a folder that may not be entered, is compared by its name.
        std::error_code failed;
        fs::path key = fs::weakly_canonical(mask_path(job.stem), failed);
        if (failed) key = fs::absolute(mask_path(job.stem), failed).lexically_normal();
        if (ignores_case(key.parent_path())) key = lower(key.native());
        const auto [other, fresh] = seen.emplace(key, &job);
        if (fresh) continue;
        const auto name = [&](const Job& j) {
            return show(catalogue.files[static_cast<std::size_t>(j.file)].path);
        };
        if (first.empty())
            first = fmt::format("{} and {} would both be written to {}", name(*other->second),
                                name(job), show(mask_path(job.stem)));
        else
            ++more;
    }
    if (first.empty()) return;
    if (more > 0) first += fmt::format(" (and so would {} more)", count_of(more, "pair"));
    throw Error(ErrorKind::usage,
                first +
                    "; rename one, leave out --output-dir to write beside the inputs, or run "
                    "them apart with another --output-dir or --suffix");
}

}  // namespace

std::vector<PlanItem> Catalogue::items(const std::vector<Job>& of) const {
    std::vector<PlanItem> out;
    out.reserve(of.size());
    for (const Job& job : of) {
        const SceneInfo& s = scene(job);
        out.push_back(
            {job.file, job.scene, s.t, static_cast<double>(s.y) * static_cast<double>(s.x)});
    }
    return out;
}

const SceneInfo& Catalogue::scene(const Job& job) const {
    return files.at(static_cast<std::size_t>(job.file))
        .scenes.at(static_cast<std::size_t>(job.scene));
}

std::int64_t missing_frames(const Catalogue& catalogue) {
    std::int64_t out = 0;
    for (const Job& job : catalogue.jobs) out += std::ssize(catalogue.scene(job).missing_frames);
    return out;
}

PlaneId plane_of(const SceneInfo& scene, std::int64_t scene_number, std::int64_t t,
                 std::int64_t channel) {
    return {scene_number, t, channel / scene.samples, 0, channel % scene.samples};
}

Catalogue make_catalogue(const std::vector<fs::path>& files, const RunOptions& options) {
    Catalogue out;
    SetParts sets;
    for (const fs::path& path : files) {
        if (sets.holds(path)) continue;
        try {
            out.files.push_back(open_reader(path, reader_options(options, path))->info());
            sets.opened(out.files.back());
        } catch (const Error& error) {
            out.bad.push_back({path, error.what()});
        }
    }
    sets.leave_one_of_each(out.files);
    out.notes = sets.notes();
    for (std::size_t number = 0; number < out.files.size(); ++number) {
        const FileInfo& info = out.files[number];
        const fs::path& path = info.path;
        for (const std::string& warning : info.warnings)
            out.notes.push_back(fmt::format("{}: {}", show(path), warning));
        for (std::size_t s = 0; s < info.scenes.size(); ++s) {
            const SceneInfo& scene = info.scenes[s];
            const std::string which =
                info.scenes.size() > 1 ? fmt::format(" (scene {})", s + 1) : std::string();
            if (const std::string reason = why_not(scene, options); !reason.empty()) {
                out.bad.push_back({path, fmt::format("{}{} {}", show(path), which, reason)});
                continue;
            }
            if (scene.samples > 1)
                out.notes.push_back(fmt::format(
                    "{}{} {}: --channel {} takes sample {} of {}", show(path), which,
                    scene.samples == 3 || scene.samples == 4 ? "is an RGB image"
                                                             : "has several samples per pixel",
                    options.channel, options.channel % scene.samples, scene.samples));
            const bool alone = info.scenes.size() == 1;
            out.jobs.push_back(
                {static_cast<std::int64_t>(number), static_cast<std::int64_t>(s),
                 output_stem(path, options, alone ? -1 : static_cast<std::int64_t>(s))});
        }
    }
    check_collisions(out);
    return out;
}

}  // namespace cytofleet
