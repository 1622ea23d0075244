// The settings labels depend on, by which a run is known.
#pragma once

#include "models/registry.hpp"
#include "pipeline/run_options.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {

/// By the names of the options where there are any. Not among them: what changes speed or the
/// outputs' names only.
Settings settings_of(const RunOptions& options, const LoadedModel& model);

}  // namespace cytofleet
