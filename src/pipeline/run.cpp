#include "pipeline/run.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/text.hpp"
#include "base/timer.hpp"
#include "pipeline/choose_device.hpp"
#include "pipeline/clear_books.hpp"
#include "pipeline/collection.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/memory_need.hpp"
#include "pipeline/rank_loop.hpp"
#include "pipeline/shard_end.hpp"

namespace cytofleet {
namespace {

ChosenDevice choose(Communicator& comm, const RunOptions& options) {
    try {
        return choose_device(comm, options);
    } catch (const Error& error) {
        throw StartError(error.kind(), error.what());
    }
}

/// A rank that hangs while the others wait for the start ends the run: nobody else knows of the
/// work.
RunStartUp begin(Communicator& comm, const RunOptions& options, Log& log) {
    try {
        return start_together(comm, options);
    } catch (const RanksAreSilent& silent) {
        log.error(fmt::format("rank {}: the run cannot begin: {}; nothing is lost, start again",
                              comm.rank(), silent.what()));
        comm.abort(exit_codes::stopped);
        throw;
    }
}

void announce(const RunStartUp& start, const ChosenDevice& device, const RunOptions& options,
              Communicator& comm, Log& log) {
    const Catalogue& catalogue = start.plan->catalogue;
    for (const auto& note : start.plan->notes) log.warning(note);
    std::int64_t frames = 0;
    for (const Job& job : catalogue.jobs) frames += catalogue.scene(job).t;
    log.info(fmt::format("{} frames of {}, model {} (diameter {:.4g} px)", frames,
                         count_of(catalogue.files.size(), "file"), show(options.model),
                         start.model.diameter));
    log.info(fmt::format("device: {}, {} x {}", start.model.engine,
                         count_of(static_cast<std::uint64_t>(comm.size()), "rank"),
                         count_of(static_cast<std::uint64_t>(options.cellpose.threads), "thread")));
    for (const auto& tensor : start.model.info.unused)
        log.warning(fmt::format("{}: tensor {} is not used", show(start.model.info.file), tensor));
    for (const FailedEvent& event : start.plan->remaining.given_up)
        log.warning(fmt::format("{} frame {} is left empty: it {}",
                                show(start.record.path_of(event.scene)), event.t, event.reason));
    if (!start.record.jobs.empty()) {
        const MemoryNeed need =
            memory_need(catalogue, start.record.jobs, *start.model.segmenter, options.format);
        for (const auto& line : memory_warnings(need, comm.node_size(), device.gpu_memory))
            log.warning(line);
    }
    for (const auto& line : device.lines) log.info(line);
    for (const auto& line : device.warnings) log.warning(line);
}

/// Work list of what remains, for rank 0 at the start.
std::unique_ptr<Lead> first_lead(const RankContext& context, const RunPlan& plan) {
    const RunOptions& options = context.options;
    // Processes that share the work without talking must all cut it the same way, whatever was done
    // when they began.
    const Shard& shard = options.shard;
    const auto items =
        shard.alone() ? context.run.items : plan.catalogue.items(plan.catalogue.jobs);
    Plan units =
        make_plan(items, options.partition, shard.alone() ? context.comm.size() : shard.count);
    if (!shard.alone()) units = shard_of(units, items, shard.index, shard.count);
    const FrameNeeds needs(plan.remaining, options.max_attempts);
    // A shard's careful frames are those of its own units.
    std::vector<FrameId> careful;
    for (const FrameId& frame : needs.careful())
        if (holds(units, frame)) careful.push_back(frame);
    MasterTuning tuning;
    tuning.ranks = context.comm.size();
    Master master(context.run.items, what_is_needed(units, std::cref(needs)), tuning, careful);
    auto lead = std::make_unique<Lead>(context, std::move(master), plan.remaining.records);
    if (!options.collect.empty() && shard.alone())
        lead->collect_with([&] { return make_collection(context, plan); });
    return lead;
}

/// The same by the journals alone, for a rank that takes the lead.
std::unique_ptr<Lead> later_lead(const RankContext& context) {
    RunRecord run = context.run;
    const RunHistory history = read_history(run.folder, {}, run.owners);
    const std::size_t known = run.spools.size();
    Remaining left = what_is_left(run, history, context.options);
    // The others do not know spools that were not there at the start.
    std::erase_if(left.records, [&](const FrameRecord& record) {
        return std::cmp_greater_equal(record.spool, known);
    });
    const FrameNeeds needs(left, context.options.max_attempts);
    std::vector<PlanItem> items;
    for (std::size_t i = 0, at = 0; i < run.jobs.size() && at < left.jobs.size(); ++i)
        if (run.jobs[i].file == left.jobs[at].file && run.jobs[i].scene == left.jobs[at].scene) {
            items.push_back(run.items[i]);
            ++at;
        }
    MasterTuning tuning;
    tuning.ranks = context.comm.size();
    const Plan units = make_plan(items, context.options.partition, context.comm.size());
    Master master(items, what_is_needed(units, std::cref(needs)), tuning, needs.careful());
    auto lead = std::make_unique<Lead>(context, std::move(master), left.records);
    for (std::size_t i = 0; i < left.outputs.size(); ++i)
        lead->know(outcome_of(left.standing[i], left.outputs[i]));
    // What goes into it only the first rank knows.
    if (run.collects && !collection_is_written(run, history, context.options.collect))
        lead->leave_to_the_next_start(
            fmt::format("the rank that was to write {} hangs", show(context.options.collect)));
    return lead;
}

AttemptEvent attempt_of(const RunRecord& run, const Communicator& comm, const Shard& shard) {
    AttemptEvent out;
    out.attempt = run.attempt;
    out.rank = comm.rank();
    out.ranks = comm.size();
    if (!shard.alone()) out.shard = fmt::format("{}/{}", shard.index + 1, shard.count);
    out.host = comm.host();
    out.process = getpid();
    out.clock = std::chrono::duration_cast<std::chrono::seconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
    return out;
}

/// All ranks' work between the start and the summary.
RankLoop::Ending work(Communicator& comm, const RunOptions& options, RunStartUp& start,
                      const RunFacts& facts, Log& log, const Timer& clock) {
    RunRecord& record = start.record;
    Journal journal(record.folder, attempt_of(record, comm, options.shard));
    if (start.plan) write_first_lines(journal, *start.plan, record, options);
    fault_point("after the first lines");
    const RankContext context{comm, options, record, start.model, facts, log, journal, clock};
    auto ending = RankLoop(context, start.plan ? first_lead(context, *start.plan) : nullptr, [&] {
                      log.set_level(options.log_level);
                      return later_lead(context);
                  }).go();
    if (!options.shard.alone() && ending.report) {
        finish_shard(context, record, *ending.report);
        fault_point("after the shard has ended");
    }
    return ending;
}

void add_up(RunSummary& summary, const Outcome& outcome) {
    summary.frames += outcome.frames;
    summary.failed_frames += outcome.failed_frames;
    summary.cells += outcome.cells;
}

RunSummary summarise(const RunStartUp& start, RunReport report) {
    RunSummary out;
    out.complete = true;
    out.inputs = start.record.files;
    out.bad_files = start.record.standing.bad_files;
    if (start.plan) {
        const Remaining& remaining = start.plan->remaining;
        for (std::size_t i = 0; i < remaining.outputs.size(); ++i)
            out.outcomes.push_back(outcome_of(remaining.standing[i], remaining.outputs[i]));
    }
    for (Outcome& outcome : report.outcomes) out.outcomes.push_back(std::move(outcome));
    for (const Outcome& outcome : out.outcomes) add_up(out, outcome);
    out.ranks = std::move(report.ranks);
    out.lost = std::move(report.lost);
    out.stopped = std::move(report.stopped);
    out.unfinished = report.unfinished;
    out.exit_code = report.exit_code;
    return out;
}

/// When there was nothing to do.
RunReport idle_report(const Standing& standing) {
    RunReport out;
    if (standing.bad_files > 0 || standing.empty_frames > 0)
        out.exit_code = standing.outputs == 0 ? exit_codes::failed : exit_codes::partly_done;
    return out;
}

}  // namespace

RunSummary run(Communicator& comm, const RunOptions& wanted, Log& log) {
    const Timer clock;
    set_fault_rank(comm.rank());
    RunOptions options = wanted;
    const ChosenDevice device = choose(comm, wanted);
    options.cellpose.gpu = device.gpu;
    RunStartUp start = begin(comm, options, log);
    const RunFacts facts{comm.host(), comm.size(), options.cellpose.threads, {}};
    if (start.plan) {
        announce(start, device, options, comm, log);
        for (const BadFile& bad : start.plan->catalogue.bad) {
            log.error(bad.reason);
            write_failure_log(options, start.record.start, bad, facts);
        }
    }
    RunSummary summary;
    if (start.record.idle()) {
        const RunReport report = idle_report(start.record.standing);
        summary.exit_code = report.exit_code;
        if (!start.plan) return summary;
        summary = summarise(start, report);
        // The attempt that did the rest may have died before it could.
        clear_books(start.record, summary.outcomes, 0, summary.exit_code);
        return summary;
    }
    auto ending = work(comm, options, start, facts, log, clock);
    summary.exit_code = ending.exit_code;
    if (ending.report) summary = summarise(start, std::move(*ending.report));
    summary.seconds = clock.seconds();
    if (summary.complete)
        clear_books(start.record, summary.outcomes, summary.unfinished, summary.exit_code);
    return summary;
}

}  // namespace cytofleet
