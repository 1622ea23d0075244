#include <cstdint>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/cores.hpp"
#include "app/number.hpp"
#include "app/options.hpp"
#include "app/run_estimate.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "models/registry.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/run_report.hpp"
#include "pipeline/run_start.hpp"

namespace cytofleet {
namespace {

constexpr const char* help =
    "Usage: cytofleet plan [--ranks N] [OPTIONS of run] INPUT...\n\n"
    "Says what cytofleet run would do with the same options, and does nothing: frames and names of "
    "the\n"
    "results, what earlier runs have done already, how the work is cut for N ranks, the memory of "
    "each,\n"
    "the space on the disk, and, once some frames were done, the time.\n";

void print_jobs(const RunPlan& plan) {
    for (const Job& job : plan.remaining.jobs) {
        const SceneInfo& scene = plan.catalogue.scene(job);
        print_shown("{}: {} of {} x {} -> {}\n",
                    show(plan.catalogue.files[static_cast<std::size_t>(job.file)].path),
                    count_of(static_cast<std::uint64_t>(scene.t), "frame"), scene.y, scene.x,
                    show(mask_path(job.stem)));
    }
}

std::string duration(double seconds) {
    if (seconds < 90) return fmt::format("{:.0f} s", seconds);
    if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

int show_plan(const RunOptions& options, int ranks) {
    if (const auto note = file_not_taken(options.model); !note.empty())
        print_shown("note: {}\n", note);
    const RunPlan plan = plan_run(options, ranks);
    for (const auto& note : plan.notes) print_shown("note: {}\n", note);
    for (const auto& bad : plan.catalogue.bad) print_shown("cannot be segmented: {}\n", bad.reason);
    print_jobs(plan);
    const RunEstimate estimate = estimate_run(plan, options, ranks);
    print_shown("{} in {} with model {}\n",
                count_of(static_cast<std::uint64_t>(estimate.frames), "frame"),
                count_of(plan.remaining.jobs.size(), "output"), show(plan.model.info.file));
    const bool all_there = options.keep_missing || missing_frames(plan.catalogue) == 0;
    const int exit_code = plan.catalogue.bad.empty() && all_there ? 0
                          : plan.catalogue.jobs.empty()           ? exit_codes::failed
                                                                  : exit_codes::partly_done;
    if (estimate.missing > 0)
        print_shown("{} announced but not in the files: an empty plane for each\n",
                    count_of(static_cast<std::uint64_t>(estimate.missing), "frame"));
    if (estimate.frames == 0) return exit_code;
    print_shown("{} for {}; about {} of memory each; about {} on the disk\n",
                count_of(static_cast<std::uint64_t>(estimate.units), "unit"),
                count_of(static_cast<std::uint64_t>(ranks), "rank"),
                human_bytes(estimate.memory.host), human_bytes(estimate.disk));
    if (estimate.memory.gpu > 0 && options.device != DeviceChoice::cpu)
        print_shown("on a GPU about {} of its memory each, beside what the driver takes\n",
                    human_bytes(estimate.memory.gpu));
    for (const auto& line : memory_warnings(estimate.memory, 1)) print_shown("warning: {}\n", line);
    if (estimate.seconds > 0)
        print_shown("about {}, at {:.3g} s a frame and rank so far\n", duration(estimate.seconds),
                    estimate.seconds_per_frame);
    return exit_code;
}

int plan_command(const std::vector<std::string>& arguments) {
    std::vector<std::string> rest;
    std::int64_t ranks = 1;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--help" || arguments[i] == "-h") {
            print_text(help);
            return 0;
        }
        if (arguments[i] == "--ranks" && i + 1 < arguments.size())
            ranks = whole_number("ranks", arguments[++i], 1, 1'000'000);
        else if (arguments[i].starts_with("--ranks="))
            ranks = whole_number("ranks", arguments[i].substr(8), 1, 1'000'000);
        else
            rest.push_back(arguments[i]);
    }
    RunCommand command = parse_run(rest);
    // As if all ranks were on this host, which they may not be: a rank with fewer threads takes
    // less.
    const int here = static_cast<int>(ranks);
    command.run.cellpose.threads = command.threads.value_or(share_of_cores(here));
    return show_plan(command.run, here);
}

}  // namespace cytofleet
