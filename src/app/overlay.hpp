// Pictures of finished outputs: frames of the input with the cells of the mask drawn over them.
#pragma once

#include "base/log.hpp"
#include "pipeline/run.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

/// Writes `<stem>.png` for every output of the run that has a mask. A picture that cannot be made
/// is a warning: the results are there.
void write_overlays(const RunOptions& options, const RunSummary& summary, Log& log);

}  // namespace cytofleet
