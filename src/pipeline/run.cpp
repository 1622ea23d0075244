#include "pipeline/run.hpp"

#include <optional>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/timer.hpp"
#include "pipeline/choose_device.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/rank_loop.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

constexpr int partly_done = 3;
constexpr int failed = 1;

void make_folder(const fs::path& folder, std::string_view what) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw Error(ErrorKind::output,
                    fmt::format("{}: {} cannot be created ({}); check --output-dir and its "
                                "permissions",
                                show(folder), what, error.message()));
}

/// What rank 0 settles before anybody works.
struct Start {
    Catalogue catalogue;
    RunRecord record;
    std::optional<LoadedModel> model;
};

Start prepare(const RunOptions& options) {
    Start out;
    const ModelSpec spec = find_model(options.model, options.model_dir);
    const Discovery found = discover(options);
    out.catalogue = make_catalogue(found.files, options);
    out.catalogue.notes.insert(out.catalogue.notes.begin(), found.notes.begin(), found.notes.end());
    out.model = load_model(spec, options.cellpose);
    out.record = make_run_record(out.catalogue, options.output_dir);
    if (!options.output_dir.empty()) make_folder(options.output_dir, "the output folder");
    if (!out.catalogue.jobs.empty()) make_folder(out.record.folder, "the run's folder");
    return out;
}

/// Rank 0's preparation, its result or its error on every rank.
Start start_together(Communicator& comm, const RunOptions& options) {
    Start out;
    std::vector<std::byte> message;
    std::optional<StartError> error;
    if (comm.rank() == 0) {
        ByteWriter bytes;
        try {
            out = prepare(options);
            bytes.write(std::uint8_t{1});
            bytes.append(to_bytes(out.record));
        } catch (const Error& stopped) {
            error.emplace(stopped.kind(), stopped.what());
            bytes = {};
            bytes.write(std::uint8_t{0});
            bytes.write(static_cast<std::int32_t>(stopped.kind()));
            bytes.write_text(stopped.what());
        }
        message = bytes.take();
    }
    comm.broadcast(message, 0);
    if (error) throw StartError(error->kind(), error->what());
    if (comm.rank() == 0) return out;
    ByteReader in(message, "start of the run");
    if (in.read<std::uint8_t>() == 0) {
        const auto kind = static_cast<ErrorKind>(in.read<std::int32_t>());
        throw StartError(kind, in.take_text(in.read<std::uint64_t>()));
    }
    out.record = run_record_from_bytes(in.take(in.left()));
    out.model = load_model(find_model(options.model, options.model_dir), options.cellpose);
    return out;
}

ChosenDevice choose(Communicator& comm, const RunOptions& options) {
    try {
        return choose_device(comm, options);
    } catch (const Error& error) {
        throw StartError(error.kind(), error.what());
    }
}

/// Removes the run's folder, and `.cytofleet` when no other run uses it.
void clean_up(const RunRecord& record) {
    std::error_code ignored;
    fs::remove_all(record.folder, ignored);
    fs::remove(record.folder.parent_path(), ignored);
}

void announce(const Start& start, const RunOptions& options, Communicator& comm, Log& log) {
    for (const auto& note : start.catalogue.notes) log.warning(note);
    std::int64_t frames = 0;
    for (const Job& job : start.catalogue.jobs) frames += start.catalogue.scene(job).t;
    log.info(fmt::format("{} frames of {}, model {} (diameter {:.4g} px)", frames,
                         count_of(start.catalogue.files.size(), "file"), show(options.model),
                         start.model->diameter));
    log.info(fmt::format("device: {}, {} x {}", start.model->engine,
                         count_of(static_cast<std::uint64_t>(comm.size()), "rank"),
                         count_of(static_cast<std::uint64_t>(options.cellpose.threads), "thread")));
    for (const auto& tensor : start.model->info.unused)
        log.warning(fmt::format("{}: tensor {} is not used", show(start.model->info.file), tensor));
}

/// All ranks' work between the start and the summary. Outcomes on rank 0.
std::vector<Outcome> work(Communicator& comm, const RunOptions& options, Start& start,
                          const RunFacts& facts, Log& log) {
    const bool root = comm.rank() == 0;
    std::optional<Master> master;
    if (root) {
        const auto items = start.catalogue.items();
        master.emplace(items, make_plan(items, options.partition, comm.size()));
    }
    auto outcomes =
        RankLoop(comm, options, start.record, *start.model, facts, log, master ? &*master : nullptr)
            .go();
    comm.barrier();
    if (root) clean_up(start.record);
    return outcomes;
}

RunSummary summarise(const Catalogue& catalogue, std::vector<Outcome> outcomes, double seconds) {
    RunSummary out;
    out.bad = catalogue.bad;
    for (const FileInfo& file : catalogue.files) out.inputs.push_back(file.path);
    out.outcomes = std::move(outcomes);
    out.seconds = seconds;
    std::size_t written = 0;
    for (const Outcome& outcome : out.outcomes) {
        out.frames += outcome.frames;
        out.failed_frames += outcome.failed_frames;
        out.cells += outcome.cells;
        written += outcome.failure.empty() ? 1 : 0;
    }
    const bool clean = out.bad.empty() && written == out.outcomes.size() && out.failed_frames == 0;
    if (!clean) out.exit_code = written == 0 ? failed : partly_done;
    return out;
}

}  // namespace

Catalogue preview(const RunOptions& options) {
    const Discovery found = discover(options);
    Catalogue out = make_catalogue(found.files, options);
    out.notes.insert(out.notes.begin(), found.notes.begin(), found.notes.end());
    return out;
}

RunSummary run(Communicator& comm, const RunOptions& wanted, Log& log) {
    Timer timer;
    RunOptions options = wanted;
    const ChosenDevice device = choose(comm, wanted);
    options.cellpose.gpu = device.gpu;
    Start start = start_together(comm, options);
    const RunFacts facts{comm.host(), comm.size(), options.cellpose.threads, {}};
    const bool root = comm.rank() == 0;
    if (root) {
        announce(start, options, comm, log);
        for (const auto& line : device.lines) log.info(line);
        for (const auto& line : device.warnings) log.warning(line);
        for (const BadFile& bad : start.catalogue.bad) {
            log.error(bad.reason);
            write_failure_log(options, start.record.start, bad.file, bad.reason, facts);
        }
    }
    std::vector<Outcome> outcomes;
    if (!start.record.jobs.empty()) {
        try {
            outcomes = work(comm, options, start, facts, log);
        } catch (...) {
            clean_up(start.record);
            throw;
        }
    }
    RunSummary summary;
    if (root) summary = summarise(start.catalogue, std::move(outcomes), timer.seconds());
    std::vector<std::byte> code{static_cast<std::byte>(summary.exit_code)};
    comm.broadcast(code, 0);
    summary.exit_code = static_cast<int>(code.at(0));
    return summary;
}

}  // namespace cytofleet
