#include "pipeline/assemble.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "io/atomic_file.hpp"
#include "io/mask_writer.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/spool.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// The run's own log first, then the input's history; the newest of it gets the header line by
/// which the seed application's later modules tell the files apart.
std::vector<std::string> annotations(const std::string& own, const FileInfo& input) {
    std::vector<std::string> out{own};
    for (std::size_t i = 0; i < input.history.size(); ++i)
        out.push_back(i == 0
                          ? fmt::format("Metadata for {}:\n{}", show(input.path), input.history[0])
                          : input.history[i]);
    return out;
}

EncodedPlane plane_for(const RunRecord& run, const SceneInfo& scene, const FrameRecord& record,
                       bool wide) {
    if (record.length == 0) {
        const LabelImage empty{
            scene.y, scene.x,
            std::vector<std::uint32_t>(static_cast<std::size_t>(scene.y * scene.x)), 0, 0};
        return encode_plane(empty, wide);
    }
    EncodedPlane plane = read_spooled(run.folder, record);
    if (wide && !plane.wide) return encode_plane(decode_plane(plane), true);
    return plane;
}

/// Writes the mask; returns its SHA-256.
std::string write_mask(const RunRecord& run, const FileInfo& input, const SceneInfo& scene,
                       const fs::path& path, const std::string& own_log,
                       const std::vector<FrameRecord>& records) {
    MaskFile file;
    file.path = path;
    file.input = scene;
    file.annotations = annotations(own_log, input);
    for (const FrameRecord& record : records) {
        file.wide = file.wide || record.largest > 65535;
        if (record.length == 0) file.empty_frames.push_back(record.frame.t);
    }
    MaskWriter writer(std::move(file));
    const bool wide = std::ranges::any_of(
        records, [](const FrameRecord& record) { return record.largest > 65535; });
    for (const FrameRecord& record : records) writer.add(plane_for(run, scene, record, wide));
    return writer.finish();
}

bool is_missing(const SceneInfo& scene, const FrameRecord& record) {
    return std::ranges::binary_search(scene.missing_frames, record.frame.t);
}

}  // namespace

std::vector<std::byte> to_bytes(const Outcome& outcome) {
    ByteWriter out;
    out.write(outcome.job.file);
    out.write(outcome.job.scene);
    out.write_text(outcome.job.stem.native());
    out.write(outcome.cells);
    out.write(outcome.frames);
    out.write(outcome.failed_frames);
    out.write_text(outcome.failure);
    return out.take();
}

Outcome outcome_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "outcome");
    const auto text = [&] { return in.take_text(in.read<std::uint64_t>()); };
    Outcome out;
    out.job.file = in.read<std::int64_t>();
    out.job.scene = in.read<std::int64_t>();
    out.job.stem = text();
    out.cells = in.read<std::uint64_t>();
    out.frames = in.read<std::int64_t>();
    out.failed_frames = in.read<std::int64_t>();
    out.failure = text();
    return out;
}

Outcome assemble(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                 const RunFacts& facts, const Job& job, const std::vector<FrameRecord>& records) {
    Outcome out{job, 0, static_cast<std::int64_t>(records.size()), 0, {}};
    const fs::path& input = run.files.at(static_cast<std::size_t>(job.file));
    LogFacts log{options, &model, run.start, input,    mask_path(job.stem),
                 nullptr, -1,     {},        &records, {}};
    RunFacts machine = facts;
    FileInfo info;
    try {
        info = open_reader(input, options.reader)->info();
        const SceneInfo& scene = info.scenes.at(static_cast<std::size_t>(job.scene));
        log.scene = &scene;
        log.scene_number = info.scenes.size() > 1 ? job.scene : -1;
        log.warnings = info.warnings;
        for (const FrameRecord& record : records) {
            out.cells += record.cells;
            if (record.length == 0 && !is_missing(scene, record)) ++out.failed_frames;
        }
        const auto good = std::ranges::find_if(
            records, [](const FrameRecord& record) { return record.length > 0; });
        if (good == records.end())
            throw Error(ErrorKind::input,
                        records.empty() || records.front().notes.empty()
                            ? fmt::format("{}: no frame could be segmented", show(input))
                            : fmt::format("{}: no frame could be segmented; the first {}",
                                          show(input), records.front().notes.front()));
        machine.mask_sha256 = write_mask(run, info, scene, log.output, log_text(log), records);
    } catch (const Error& error) {
        out.failure = error.what();
        log.failure = out.failure;
    }
    try {
        write_text_atomically(log_path(job.stem), log_text(log) + machine_text(log, machine));
    } catch (const Error& error) {
        if (out.failure.empty()) out.failure = error.what();
    }
    return out;
}

void write_failure_log(const RunOptions& options, std::int64_t start, const fs::path& input,
                       const std::string& reason, const RunFacts& facts) {
    const fs::path stem = output_stem(input, options, -1);
    const LogFacts log{options, nullptr, start, input,   mask_path(stem),
                       nullptr, -1,      {},    nullptr, reason};
    try {
        write_text_atomically(log_path(stem), log_text(log) + machine_text(log, facts));
    } catch (const Error&) {
        return;  // the folder cannot be written to; the reason is on the terminal and in the
                 // summary
    }
}

}  // namespace cytofleet
