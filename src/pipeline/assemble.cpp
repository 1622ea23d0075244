#include "pipeline/assemble.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/text.hpp"
#include "io/atomic_file.hpp"
#include "io/mask_writer.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/input_identity.hpp"
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
    if (record.state != FrameState::done) {
        const LabelImage empty{
            scene.y, scene.x,
            std::vector<std::uint32_t>(static_cast<std::size_t>(scene.y * scene.x)), 0, 0};
        return encode_plane(empty, wide);
    }
    EncodedPlane plane = read_spooled(run.spool_of(record.spool), record);
    if (wide && !plane.wide) return encode_plane(decode_plane(plane), true);
    return plane;
}

/// A mask that was written, or why it was not.
struct Written {
    std::string sha256;
    std::uint64_t bytes = 0;
    std::vector<std::int64_t> lost;  ///< frames whose planes cannot be read back
    bool abandoned = false;
};

Written write_mask(const RunRecord& run, const FileInfo& input, const SceneInfo& scene,
                   const fs::path& path, const std::string& own_log,
                   const std::vector<FrameRecord>& records, const std::atomic<bool>* abandon) {
    MaskFile file;
    file.path = path;
    file.input = scene;
    file.annotations = annotations(own_log, input);
    for (const FrameRecord& record : records) {
        file.wide = file.wide || record.largest > 65535;
        if (record.state != FrameState::done) file.empty_frames.push_back(record.frame.t);
    }
    const bool wide = file.wide;
    MaskWriter writer(std::move(file));
    Written out;
    for (const FrameRecord& record : records) {
        EncodedPlane plane;
        if (abandon != nullptr && *abandon) {
            out.abandoned = true;
            return out;
        }
        try {
            plane = plane_for(run, scene, record, wide);
        } catch (const Error&) {
            out.lost.push_back(record.frame.t);
        }
        if (out.lost.empty()) writer.add(plane);
    }
    if (!out.lost.empty()) return out;
    fault_point("before the mask is finished");
    out.sha256 = writer.finish();
    fault_point("after the mask is renamed");
    out.bytes = fs::file_size(path);
    return out;
}

}  // namespace

Outcome outcome_of(const Job& job, const OutputEvent& output) {
    Outcome out;
    out.job = job;
    out.cells = output.cells;
    out.frames = output.frames;
    out.failed_frames = output.quarantined;
    return out;
}

std::vector<std::byte> to_bytes(const Assembly& assembly) {
    const Outcome& outcome = assembly.outcome;
    ByteWriter out;
    out.write(outcome.job.file);
    out.write(outcome.job.scene);
    out.write_text(outcome.job.stem.native());
    out.write(outcome.cells);
    out.write(outcome.frames);
    out.write(outcome.failed_frames);
    out.write_text(outcome.failure);
    out.write(static_cast<std::uint8_t>(outcome.hopeless));
    out.write(static_cast<std::uint8_t>(assembly.abandoned));
    out.write_text(assembly.output ? line_of(*assembly.output) : std::string());
    out.write(static_cast<std::uint64_t>(assembly.lost.size()));
    for (const std::int64_t t : assembly.lost) out.write(t);
    out.append(to_bytes(assembly.records));
    return out.take();
}

Assembly assembly_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "assembly");
    const auto text = [&] { return in.take_text(in.read<std::uint64_t>()); };
    Assembly out;
    Outcome& outcome = out.outcome;
    outcome.job.file = in.read<std::int64_t>();
    outcome.job.scene = in.read<std::int64_t>();
    outcome.job.stem = text();
    outcome.cells = in.read<std::uint64_t>();
    outcome.frames = in.read<std::int64_t>();
    outcome.failed_frames = in.read<std::int64_t>();
    outcome.failure = text();
    outcome.hopeless = in.read<std::uint8_t>() != 0;
    out.abandoned = in.read<std::uint8_t>() != 0;
    if (const auto event = event_of(text())) out.output = std::get<OutputEvent>(*event);
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.lost.push_back(in.read<std::int64_t>());
    out.records = records_from_bytes(in.take(in.left()));
    return out;
}

Assembly assemble(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                  const RunFacts& facts, const Job& job, std::vector<FrameRecord> records,
                  const std::atomic<bool>* abandon) {
    Assembly done;
    Outcome& out = done.outcome;
    out.job = job;
    out.frames = std::ssize(records);
    const fs::path& input = run.files.at(static_cast<std::size_t>(job.file));
    LogFacts log{options, &model, run.start, input,    mask_path(job.stem),
                 nullptr, -1,     {},        &records, {}};
    RunFacts machine = facts;
    FileInfo info;
    try {
        info = open_reader(input, options.reader)->info();
        if (identify(info, options.verify_inputs) !=
            run.inputs.at(static_cast<std::size_t>(job.file)))
            throw Error(ErrorKind::input,
                        fmt::format("{}: was changed while it was being segmented; run again, and "
                                    "its frames are done anew",
                                    show(input)));
        const SceneInfo& scene = info.scenes.at(static_cast<std::size_t>(job.scene));
        log.scene = &scene;
        log.scene_number = info.scenes.size() > 1 ? job.scene : -1;
        log.warnings = info.warnings;
        OutputEvent event{
            run.scene_name(job.file, job.scene), show(log.output), 0, {}, out.frames, 0, {}, 0};
        for (const FrameRecord& record : records) {
            out.cells += record.cells;
            if (record.state == FrameState::quarantined) ++out.failed_frames;
            if (record.state != FrameState::done) event.empty.push_back(record.frame.t);
        }
        if (std::ranges::none_of(records, [](const FrameRecord& record) {
                return record.state == FrameState::done;
            })) {
            out.hopeless = true;
            throw Error(ErrorKind::input,
                        records.empty() || records.front().notes.empty()
                            ? fmt::format("{}: no frame could be segmented", show(input))
                            : fmt::format("{}: no frame could be segmented; the first {}",
                                          show(input), records.front().notes.front()));
        }
        const Written mask =
            write_mask(run, info, scene, log.output, log_text(log), records, abandon);
        if (mask.abandoned) {
            done.abandoned = true;
            return done;
        }
        if (!mask.lost.empty()) {
            done.lost = mask.lost;
            done.records = std::move(records);
            return done;
        }
        machine.mask_sha256 = mask.sha256;
        event.cells = out.cells;
        event.quarantined = out.failed_frames;
        event.bytes = mask.bytes;
        event.sha256 = mask.sha256;
        done.output = std::move(event);
    } catch (const Error& error) {
        out.failure = error.what();
        log.failure = out.failure;
    }
    try {
        write_text_atomically(log_path(job.stem), log_text(log) + machine_text(log, machine));
    } catch (const Error& error) {
        if (out.failure.empty()) out.failure = error.what();
    }
    return done;
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
