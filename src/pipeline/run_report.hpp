// What the rank that led a run can tell of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/exit_codes.hpp"
#include "image/frame_times.hpp"
#include "pipeline/assemble.hpp"

namespace cytofleet {

/// What one rank has done in this attempt.
struct RankTally {
    std::int64_t frames = 0;
    FrameTimes times;
    std::int64_t outputs = 0;
};

struct RunReport {
    int exit_code = 0;              ///< DESIGN section 6
    std::vector<Outcome> outcomes;  ///< of this attempt, in the order of the jobs
    std::vector<RankTally> ranks;
    std::vector<int> lost;        ///< ranks that did not say goodbye
    std::int64_t unfinished = 0;  ///< outputs that wait for frames of other processes
    std::string stopped;          ///< why the run ended before its end; empty when it did not
};

}  // namespace cytofleet
