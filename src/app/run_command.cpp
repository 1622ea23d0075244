#include <cstdio>
#include <exception>
#include <unistd.h>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/cores.hpp"
#include "app/options.hpp"
#include "app/overlay.hpp"
#include "app/stop_signals.hpp"
#include "app/summary.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/peak_memory.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "comm/communicator.hpp"
#include "models/registry.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/run.hpp"

namespace cytofleet {
namespace {

int run_ranks(Communicator& comm, RunCommand& command) {
    command.run.cellpose.threads = command.threads.value_or(share_of_cores(comm.node_size()));
    const bool root = comm.rank() == 0;
    const bool live = isatty(fileno(stderr)) != 0;
    Log log(stderr, root ? command.run.log_level : LogLevel::error, live && root);
    try {
        if (const auto note = file_not_taken(command.run.model); root && !note.empty())
            log.warning(note);
        const RunSummary summary = run(comm, command.run, log);
        if (!summary.complete) return summary.exit_code;
        // The others wait for this rank's end.
        const SignsOfLife signs([&] { tell_alive(comm); });
        report(summary, log);
        if (command.run.overlay && summary.stopped.empty())
            write_overlays(command.run, summary, log);
        // Who is gone does not take part in MPI's goodbye.
        if (!summary.lost.empty()) comm.abort(summary.exit_code);
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
        print_text(run_help());
        return 0;
    }
    if (command.dry_run) {
        command.run.cellpose.threads = command.threads.value_or(share_of_cores(1));
        const int exit_code = show_plan(command.run, 1);
        print_shown("nothing was done (--dry-run)\n");
        return exit_code;
    }
    // First of all: who is asked to stop while MPI starts does so in order, too.
    command.run.stop_signal = catch_stop_signals();
    const auto comm = make_world(argc, argv);
    return run_ranks(*comm, command);
}

}  // namespace cytofleet
