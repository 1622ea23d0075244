// What of a run's books goes away when it is done.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/assemble.hpp"
#include "pipeline/run_record.hpp"

namespace cytofleet {

/// When nothing is left to be done, not even frames that were given up, the run is marked as
/// finished, and its spools, which have become outputs, are removed unless another process is at
/// the same work. Journals stay: by them a next start knows what is done. Never throws Error.
/// `unfinished`: outputs that wait for frames of other processes.
void clear_books(const RunRecord& run, const std::vector<Outcome>& outcomes,
                 std::int64_t unfinished, int exit_code);

}  // namespace cytofleet
