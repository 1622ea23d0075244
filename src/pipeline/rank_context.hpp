// What every part of a rank's work needs; all of it outlives the work.
#pragma once

#include "base/log.hpp"
#include "base/timer.hpp"
#include "comm/communicator.hpp"
#include "models/registry.hpp"
#include "pipeline/run_log.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {

struct RankContext {
    Communicator& comm;
    const RunOptions& options;
    const RunRecord& run;
    LoadedModel& model;
    const RunFacts& facts;
    Log& log;
    Journal& journal;
    const Timer& clock;  ///< since the program began
};

}  // namespace cytofleet
