#include <algorithm>
#include <cstdio>
#include <exception>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/options.hpp"
#include "app/overlay.hpp"
#include "base/error.hpp"
#include "base/peak_memory.hpp"
#include "base/text.hpp"
#include "comm/communicator.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/run.hpp"

namespace cytofleet {
namespace {

/// Cores this process may use, shared with the other ranks of the host when nothing binds them
/// apart.
int share_of_cores(const Communicator& comm) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    int cores = 1;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) cores = CPU_COUNT(&allowed);
    const auto online = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    const bool bound = cores < online;
    return std::max(1, bound ? cores : cores / comm.node_size());
}

int show_plan(const RunOptions& options) {
    const ModelSpec model = find_model(options.model, options.model_dir);
    const Catalogue catalogue = preview(options);
    for (const auto& note : catalogue.notes) fmt::print("note: {}\n", note);
    for (const auto& bad : catalogue.bad) fmt::print("cannot be segmented: {}\n", bad.reason);
    std::int64_t frames = 0;
    for (const Job& job : catalogue.jobs) {
        const SceneInfo& scene = catalogue.scene(job);
        frames += scene.t;
        fmt::print("{}: {} of {} x {} -> {}\n",
                   show(catalogue.files[static_cast<std::size_t>(job.file)].path),
                   count_of(static_cast<std::uint64_t>(scene.t), "frame"), scene.y, scene.x,
                   show(mask_path(job.stem)));
    }
    fmt::print("{} in {} with model {}; nothing was done (--dry-run)\n",
               count_of(static_cast<std::uint64_t>(frames), "frame"),
               count_of(catalogue.jobs.size(), "output"), show(model.file));
    return catalogue.bad.empty() ? 0 : catalogue.jobs.empty() ? 1 : 3;
}

void report(const RunSummary& summary, Log& log) {
    std::size_t written = 0;
    for (const Outcome& outcome : summary.outcomes) written += outcome.failure.empty() ? 1 : 0;
    log.info(fmt::format("{} with {} in {}: {} written, {:.1f} s, peak memory {}",
                         count_of(static_cast<std::uint64_t>(summary.frames), "frame"),
                         count_of(summary.cells, "cell"),
                         count_of(summary.outcomes.size() + summary.bad.size(), "file"),
                         count_of(written, "mask"), summary.seconds, human_bytes(peak_memory())));
    if (summary.failed_frames > 0)
        log.warning(
            fmt::format("{} left empty; the logs name them",
                        count_of(static_cast<std::uint64_t>(summary.failed_frames), "frame")));
    const std::size_t lost = summary.outcomes.size() - written + summary.bad.size();
    if (lost > 0) log.warning(fmt::format("{} without a mask, see above", count_of(lost, "file")));
}

int run_ranks(Communicator& comm, RunCommand& command) {
    command.run.cellpose.threads = command.threads.value_or(share_of_cores(comm));
    const bool root = comm.rank() == 0;
    const bool live = isatty(fileno(stderr)) != 0;
    Log log(stderr, root ? command.log_level : LogLevel::error, live && root);
    try {
        const RunSummary summary = run(comm, command.run, log);
        if (!root) return summary.exit_code;
        report(summary, log);
        if (command.overlay) write_overlays(command.run, summary, log);
        return summary.exit_code;
    } catch (const StartError& error) {
        if (comm.size() == 1) throw;
        if (root) log.error(error.what());
        return error.kind() == ErrorKind::usage ? 2 : 1;
    } catch (const std::exception& broken) {
        if (comm.size() == 1) throw;
        log.error(fmt::format("rank {}: {}", comm.rank(), broken.what()));
        comm.abort(1);
        return 1;
    }
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, int& argc, char**& argv) {
    RunCommand command = parse_run(arguments);
    if (command.help) {
        fmt::print("{}", run_help());
        return 0;
    }
    if (command.dry_run) return show_plan(command.run);
    const auto comm = make_world(argc, argv);
    return run_ranks(*comm, command);
}

}  // namespace cytofleet
