#include "pipeline/clear_books.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/guarded_folder.hpp"
#include "base/new_file.hpp"
#include "pipeline/run_report.hpp"
#include "schedule/history.hpp"
#include "schedule/journal.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {
namespace {

bool nothing_left(const std::vector<Outcome>& outcomes, int exit_code) {
    if (exit_code == exit_codes::stopped) return false;
    return std::ranges::all_of(outcomes, [](const Outcome& outcome) {
        return (outcome.failure.empty() && outcome.failed_frames == 0) || outcome.hopeless;
    });
}

}  // namespace

void clear_books(const RunRecord& run, const std::vector<Outcome>& outcomes,
                 std::int64_t unfinished, int exit_code) {
    if (run.number == 0 || !nothing_left(outcomes, exit_code)) return;
    // What waited for others may have been done since. Whoever did it has marked the run before it
    // looked whether we live: so either it clears or we do.
    if (unfinished > 0 && !is_finished(run.folder, run.number, run.owners)) return;
    try {
        mark_finished(run.folder, run.number);
        fault_point("after the run is marked as finished");
        if (read_history(run.folder, run.attempt, run.owners).someone_alive()) return;
    } catch (const Error&) {
        return;  // the outputs stand; the next start sees to the books
    }
    const GuardedFolder folder(run.folder);
    if (!folder.is_open()) return;
    for (const std::string& name : folder.names())
        if (is_attempt_file(name, ".spool") || is_attempt_file(name, stop_mark_end))
            folder.remove(name, run.owners);
    remove_all_stale_temporaries(run.folder, run.owners);
}

}  // namespace cytofleet
