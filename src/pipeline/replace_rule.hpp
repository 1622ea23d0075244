// What of that which is there a run may replace when it gives a file its name.
#pragma once

#include "io/atomic_file.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"

namespace cytofleet {

/// Of files with labels. `was_there`: one was when the run began, and could be replaced. What has
/// appeared since then must be what another process at the same work has written.
MayReplace result_rule(const RunOptions& options, const RunRecord& run, bool was_there);
/// Of logs: only logs of this program.
MayReplace log_rule(const RunOptions& options);
/// A log that a run has written.
bool is_own_log(const std::filesystem::path& path);
/// A log that a run has written of another input, or perhaps so.
bool is_log_of_another(const std::filesystem::path& path, const std::filesystem::path& input,
                       const RunOptions& options);

}  // namespace cytofleet
