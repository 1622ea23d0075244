#include "pipeline/run_record.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet {
namespace {

std::int64_t clock_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

std::int64_t start_time() {
    const char* set = std::getenv("SOURCE_DATE_EPOCH");
    if (set == nullptr || *set == '\0') return clock_seconds();
    const std::string_view text(set);
    std::int64_t seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < 0 ||
        seconds > 253402300799)  // the year 9999
        throw Error(ErrorKind::usage,
                    fmt::format("SOURCE_DATE_EPOCH is {}, not seconds since 1970; "
                                "unset it or correct it",
                                text));
    return seconds;
}

const Job& RunRecord::job_of(std::int64_t file, std::int64_t scene) const {
    // Jobs are in the order of their files and scenes.
    const auto found =
        std::ranges::lower_bound(jobs, std::pair(file, scene), {},
                                 [](const Job& job) { return std::pair(job.file, job.scene); });
    ensure(found != jobs.end() && found->file == file && found->scene == scene,
           "a scene is a job of the run");
    return *found;
}

const std::filesystem::path& RunRecord::path_of(const SceneName& scene) const {
    const auto found = std::ranges::find(inputs, scene.input);
    ensure(found != inputs.end(), "a scene is of one of the run's inputs");
    return files.at(static_cast<std::size_t>(found - inputs.begin()));
}

std::string attempt_name() {
    std::random_device random;
    return fmt::format("{:%Y%m%dT%H%M%S}-{:08x}{:08x}",
                       fmt::gmtime(static_cast<std::time_t>(clock_seconds())), random(), random());
}

std::string time_stamp(std::int64_t seconds, int milliseconds) {
    const auto time = static_cast<std::time_t>(seconds);
    return fmt::format("{:%Y-%m-%d %H:%M:%S},{:03}", fmt::gmtime(time), milliseconds);
}

std::vector<std::byte> to_bytes(const RunRecord& record) {
    ByteWriter out;
    const auto write_all = [&](const auto& texts) {
        out.write(static_cast<std::uint64_t>(texts.size()));
        for (const auto& text : texts) out.write_text(text);
    };
    out.write_text(record.id);
    out.write_text(record.attempt);
    out.write(static_cast<std::int32_t>(record.number));
    out.write(record.start);
    out.write_text(record.folder.native());
    write_all(record.inputs);
    write_all(record.spools);
    out.write(static_cast<std::uint64_t>(record.files.size()));
    for (const auto& file : record.files) out.write_text(file.native());
    out.write(static_cast<std::uint64_t>(record.jobs.size()));
    for (const Job& job : record.jobs) {
        out.write(job.file);
        out.write(job.scene);
        out.write_text(job.stem.native());
        out.write(static_cast<std::uint8_t>(job.replaces));
    }
    for (const PlanItem& item : record.items) {
        out.write(item.frames);
        out.write(item.frame_cost);
    }
    const Standing& standing = record.standing;
    for (const std::int64_t number :
         {standing.outputs, standing.frames, standing.empty_frames, standing.bad_files})
        out.write(number);
    out.write(standing.cells);
    out.write(static_cast<std::uint8_t>(record.collects));
    out.write(static_cast<std::uint8_t>(record.replaces_collection));
    out.write(static_cast<std::uint8_t>(record.owners.everybody));
    out.write(record.owners.self);
    return out.take();
}

RunRecord run_record_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "run record");
    RunRecord out;
    out.id = in.read_text();
    out.attempt = in.read_text();
    out.number = in.read<std::int32_t>();
    out.start = in.read<std::int64_t>();
    out.folder = in.read_text();
    for (auto* texts : {&out.inputs, &out.spools})
        for (auto left = in.read<std::uint64_t>(); left > 0; --left)
            texts->push_back(in.read_text());
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.files.emplace_back(in.read_text());
    for (auto left = in.read<std::uint64_t>(); left > 0; --left) {
        Job job;
        job.file = in.read<std::int64_t>();
        job.scene = in.read<std::int64_t>();
        job.stem = in.read_text();
        job.replaces = in.read<std::uint8_t>() != 0;
        out.jobs.push_back(std::move(job));
    }
    for (const Job& job : out.jobs) {
        PlanItem item{job.file, job.scene, 0, 0};
        item.frames = in.read<std::int64_t>();
        item.frame_cost = in.read<double>();
        out.items.push_back(item);
    }
    Standing& standing = out.standing;
    for (std::int64_t* number :
         {&standing.outputs, &standing.frames, &standing.empty_frames, &standing.bad_files})
        *number = in.read<std::int64_t>();
    standing.cells = in.read<std::uint64_t>();
    out.collects = in.read<std::uint8_t>() != 0;
    out.replaces_collection = in.read<std::uint8_t>() != 0;
    out.owners.everybody = in.read<std::uint8_t>() != 0;
    out.owners.self = in.read<std::uint32_t>();
    return out;
}

}  // namespace cytofleet
