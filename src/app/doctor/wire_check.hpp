// How fast hosts talk to each other, and whether their clocks agree.
#pragma once

#include <vector>

#include "app/doctor/finding.hpp"
#include "app/doctor/rank_facts.hpp"
#include "comm/communicator.hpp"

namespace cytofleet {

/// Collective; `facts` on rank 0 only, where the findings are. Rank 0 talks to each other rank.
std::vector<Finding> check_wires(Communicator& comm, const std::vector<RankFacts>& facts);

}  // namespace cytofleet
