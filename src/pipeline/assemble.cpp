#include "pipeline/assemble.hpp"

#include <algorithm>
#include <new>

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
#include "pipeline/replace_rule.hpp"
#include "pipeline/spool.hpp"
#include "schedule/book_names.hpp"

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
    EncodedPlane plane =
        read_spooled(run.spool_of(record.spool), record, scene.y, scene.x, run.owners);
    // Narrower or wider than its record says.
    if (!wide && plane.wide)
        throw Error(ErrorKind::output,
                    fmt::format("frame {} has other labels than its record says", record.frame.t));
    if (wide && !plane.wide) return encode_plane(decode_plane(plane), true);
    return plane;
}

/// One scene on its way to its outputs.
class SceneAssembly {
  public:
    SceneAssembly(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                  const RunFacts& facts, const Job& job, const std::vector<FrameRecord>& records)
        : options_(options),
          run_(run),
          records_(records),
          input_(run.files.at(static_cast<std::size_t>(job.file))),
          machine_(facts),
          log_{options, &model, run.start, input_,    label_paths(job.stem, options.format).front(),
               nullptr, -1,     {},        &records_, {}} {
        done_.outcome.job = job;
        done_.outcome.frames = std::ssize(records);
    }

    Assembly assemble(Journal& journal, const std::atomic<bool>* abandon) {
        try {
            open_input();
            count_frames();
            write_mask(journal, abandon);
        } catch (const Error& error) {
            give_up(error.what());
        } catch (const std::bad_alloc&) {
            give_up(show(input_) +
                    ": there is too little memory to put its result together; run again with fewer "
                    "ranks per node");
        }
        return std::move(done_);
    }

  private:
    const Job& job() const { return done_.outcome.job; }

    void give_up(const std::string& why) {
        done_.outcome.failure = why;
        log_.failure = why;
        write_log_if_possible();
    }

    void open_input() {
        info_ = open_reader(input_, reader_options(options_, input_))->info();
        if (identify(info_, options_.verify_inputs) !=
            run_.inputs.at(static_cast<std::size_t>(job().file)))
            throw Error(ErrorKind::input,
                        fmt::format("{}: was changed while it was being segmented; run again, and "
                                    "its frames are done anew",
                                    show(input_)));
        scene_ = &info_.scenes.at(static_cast<std::size_t>(job().scene));
        log_.scene = scene_;
        log_.scene_number = info_.scenes.size() > 1 ? job().scene : -1;
        log_.warnings = info_.warnings;
        log_.members = info_.members;
    }

    void count_frames() {
        Outcome& out = done_.outcome;
        bool some = false;
        for (const FrameRecord& record : records_) {
            out.cells += record.cells;
            some = some || record.state == FrameState::done;
            if (record.state == FrameState::quarantined) ++out.failed_frames;
            if (record.state != FrameState::done) empty_.push_back(record.frame.t);
        }
        if (some) return;
        out.hopeless = true;
        const std::string first = records_.empty() || records_.front().notes.empty()
                                      ? std::string()
                                      : "; the first " + records_.front().notes.front();
        throw Error(ErrorKind::input,
                    fmt::format("{}: no frame could be segmented{}", show(input_), first));
    }

    void write_mask(Journal& journal, const std::atomic<bool>* abandon) {
        MaskFile file;
        file.path = log_.output;
        file.input = *scene_;
        file.annotations = annotations(log_text(log_), info_);
        file.empty_frames = empty_;
        file.wide = std::ranges::any_of(
            records_, [](const FrameRecord& record) { return record.largest > 65535; });
        const bool wide = file.wide;
        std::optional<MaskWriter> writer;
        if (options_.format != OutputFormat::hdf5) writer.emplace(std::move(file));
        for (const FrameRecord& record : records_) {
            if (abandon != nullptr && *abandon) {
                done_.abandoned = true;
                return;
            }
            EncodedPlane plane;
            try {
                plane = plane_for(run_, *scene_, record, wide);
            } catch (const Error&) {
                done_.lost.push_back(record.frame.t);
            }
            if (writer && done_.lost.empty()) writer->add(plane);
        }
        if (!done_.lost.empty()) {
            done_.records = records_;
            return;
        }
        if (!writer) return write_log();  // the ranks together write the file
        fault_point("before the mask is sealed");
        const SealedMask sealed = writer->seal();
        machine_.mask_sha256 = sealed.sha256;
        fault_point("before the log is written");
        write_log();
        journal.add(event_of(sealed));
        journal.sync();
        fault_point("before the mask is renamed");
        writer->commit(result_rule(options_, run_, job().replaces));
        fault_point("after the mask is renamed");
    }

    OutputEvent event_of(const SealedMask& sealed) const {
        OutputEvent out;
        out.scene = run_.scene_name(job().file, job().scene);
        out.path = BookNames(run_.home()).name_of(log_.output);
        out.bytes = sealed.bytes;
        out.sha256 = sealed.sha256;
        out.changed = sealed.changed;
        out.frames = done_.outcome.frames;
        out.cells = done_.outcome.cells;
        out.empty = empty_;
        out.quarantined = done_.outcome.failed_frames;
        return out;
    }

    void write_log() {
        write_text_atomically(log_path(job().stem), log_text(log_) + machine_text(log_, machine_),
                              log_rule(options_));
    }

    void write_log_if_possible() {
        try {
            write_log();
        } catch (const Error&) {
            return;  // the folder cannot be written to; the run tells the reason anyway
        }
    }

    const RunOptions& options_;
    const RunRecord& run_;
    const std::vector<FrameRecord>& records_;
    fs::path input_;
    RunFacts machine_;
    LogFacts log_;
    FileInfo info_;
    const SceneInfo* scene_ = nullptr;
    std::vector<std::int64_t> empty_;
    Assembly done_;
};

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
    out.write(static_cast<std::uint64_t>(assembly.lost.size()));
    for (const std::int64_t t : assembly.lost) out.write(t);
    out.append(to_bytes(assembly.records));
    return out.take();
}

Assembly assembly_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "assembly");
    Assembly out;
    Outcome& outcome = out.outcome;
    outcome.job.file = in.read<std::int64_t>();
    outcome.job.scene = in.read<std::int64_t>();
    outcome.job.stem = in.read_text();
    outcome.cells = in.read<std::uint64_t>();
    outcome.frames = in.read<std::int64_t>();
    outcome.failed_frames = in.read<std::int64_t>();
    outcome.failure = in.read_text();
    outcome.hopeless = in.read<std::uint8_t>() != 0;
    out.abandoned = in.read<std::uint8_t>() != 0;
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.lost.push_back(in.read<std::int64_t>());
    out.records = records_from_bytes(in.take(in.left()));
    return out;
}

Assembly assemble(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                  const RunFacts& facts, const Job& job, const std::vector<FrameRecord>& records,
                  Journal& journal, const std::atomic<bool>* abandon) {
    return SceneAssembly(options, run, model, facts, job, records).assemble(journal, abandon);
}

void write_failure_log(const RunOptions& options, std::int64_t start, const BadFile& bad,
                       const RunFacts& facts) {
    const LogFacts log{options, nullptr,   start, bad.file, {},
                       nullptr, bad.scene, {},    nullptr,  bad.reason};
    try {
        write_text_atomically(bad.log, log_text(log) + machine_text(log, facts), log_rule(options));
    } catch (const Error&) {
        return;  // the folder cannot be written to; the reason is on the terminal and in the
                 // summary
    }
}

}  // namespace cytofleet
