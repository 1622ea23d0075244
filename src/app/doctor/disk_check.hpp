// Whether a folder is fit for the results of a run.
#pragma once

#include <filesystem>
#include <vector>

#include "app/doctor/finding.hpp"
#include "app/doctor/rank_facts.hpp"
#include "comm/communicator.hpp"

namespace cytofleet {

/// On one process: writing, locks between processes, link and rename, fsync, free space.
std::vector<Finding> check_disk(const std::filesystem::path& folder);

/// Collective. On rank 0: whether all ranks see what it writes and locks there, and how soon;
/// elsewhere nothing. `facts` by rank, on rank 0.
std::vector<Finding> check_shared(Communicator& comm, const std::vector<RankFacts>& facts,
                                  const std::filesystem::path& folder);

}  // namespace cytofleet
