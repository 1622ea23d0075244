// What one rank knows of its place, for rank 0 to compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/doctor/finding.hpp"
#include "comm/communicator.hpp"

namespace cytofleet {

struct RankFacts {
    std::string host;
    std::int32_t node_rank = 0;
    std::int32_t node_size = 1;
    std::vector<std::int32_t> cores;  ///< it may use, by number
    std::int32_t online = 1;          ///< cores of the host
    std::uint64_t memory = 0;         ///< bytes the host has left; 0: not known
    std::uint64_t open_files = 0;     ///< it may have
    std::uint64_t file_size = 0;      ///< bytes of the largest file it may write
    std::string version;
};

RankFacts own_facts(const Communicator& comm);
std::vector<std::byte> to_bytes(const RankFacts& facts);
RankFacts facts_from_bytes(std::span<const std::byte> bytes);

/// Ranks per host, cores and threads, memory, limits, versions. `facts` by rank.
std::vector<Finding> judge_ranks(const std::vector<RankFacts>& facts);

}  // namespace cytofleet
