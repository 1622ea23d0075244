// One HDF5 file with the masks of all inputs.
#pragma once

#include <optional>

#include "pipeline/gather.hpp"
#include "pipeline/rank_context.hpp"
#include "pipeline/run_start.hpp"

namespace cytofleet {

/// What goes into `options.collect`: a group for each output of the run that stands, in the order
/// of the inputs. Nothing when the file that is there was made of the same outputs.
std::optional<Gather> make_collection(const RankContext& context, const RunPlan& plan);
/// Whether it would be nothing, by what is known before the run.
bool collection_stands(const RunPlan& plan, const RunOptions& options);
/// Whether a run that `collects` has done so.
bool collection_is_written(const RunRecord& run, const RunHistory& history,
                           const std::filesystem::path& file);
/// Throws Error{usage} when another file is there that may not be replaced.
void check_collection(const RunPlan& plan, const RunOptions& options);

}  // namespace cytofleet
