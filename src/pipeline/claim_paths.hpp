// Which files a run reads and writes, settled before it writes any.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/catalogue.hpp"
#include "pipeline/claimed_paths.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

/// Why one of a job's files cannot have its name, where it is longer than its folder allows; else
/// empty.
std::string too_long(const Job& job, const RunOptions& options);

/// Claims the inputs and the files that their sets consist of, `model`, `books`, all outputs and
/// the collection, and throws Error{usage} when two are one file. Inputs that cannot be segmented
/// then get logs of their own: `<stem>_vSM.log` unless another file of the run has that name, or
/// another input's log from an earlier run. Returns what will be written.
std::vector<std::filesystem::path> claim_paths(Catalogue& catalogue, const RunOptions& options,
                                               const std::filesystem::path& model,
                                               const std::filesystem::path& books);

}  // namespace cytofleet
