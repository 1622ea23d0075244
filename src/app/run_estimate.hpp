// What a run will take, before it does.
#pragma once

#include <cstdint>

#include "pipeline/memory_need.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_start.hpp"

namespace cytofleet {

struct RunEstimate {
    std::int64_t frames = 0;  ///< that are left
    std::int64_t units = 0;
    std::int64_t missing = 0;      ///< announced but not in the files: empty planes
    MemoryNeed memory;             ///< of each rank
    std::uint64_t disk = 0;        ///< spools and results together, bytes
    double seconds_per_frame = 0;  ///< of one rank, by what was done so far; 0: nothing was
    double seconds = 0;            ///< for all ranks; 0: not known
};

RunEstimate estimate_run(const RunPlan& plan, const RunOptions& options, int ranks);

}  // namespace cytofleet
