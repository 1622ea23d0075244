// The last lines of a run: what was done, by whom, and what is missing.
#pragma once

#include "base/log.hpp"
#include "pipeline/run.hpp"

namespace cytofleet {

void report(const RunSummary& summary, Log& log);

}  // namespace cytofleet
