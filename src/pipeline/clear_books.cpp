#include "pipeline/clear_books.hpp"

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/new_file.hpp"
#include "pipeline/run_report.hpp"
#include "schedule/history.hpp"
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
    if (unfinished > 0 && !is_finished(run.folder, run.number)) return;
    try {
        mark_finished(run.folder, run.number);
        fault_point("after the run is marked as finished");
        if (read_history(run.folder, run.attempt).someone_alive()) return;
    } catch (const Error&) {
        return;  // the outputs stand; the next start sees to the books
    }
    std::error_code failed;
    std::vector<std::filesystem::path> spools;
    for (const auto& entry : std::filesystem::directory_iterator(run.folder, failed))
        if (entry.path().extension() == ".spool") spools.push_back(entry.path());
    for (const auto& spool : spools) std::filesystem::remove(spool, failed);
    remove_stale_temporaries(run.folder, [](const auto& /*name*/) { return true; });
}

}  // namespace cytofleet
