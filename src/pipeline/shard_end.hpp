// The end of one of several processes that share a run without talking.
#pragma once

#include "pipeline/rank_context.hpp"
#include "pipeline/run_report.hpp"

namespace cytofleet {

/// Assembles the outputs whose frames are all in by now, whoever did them: the process that
/// finishes a scene's last frame finds the others' in their journals. Changes the exit code of
/// `report` as the outcomes want it, and adds them. `run`: the context's.
void finish_shard(const RankContext& context, RunRecord& run, RunReport& report);

}  // namespace cytofleet
