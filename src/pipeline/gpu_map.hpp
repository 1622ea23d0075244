// Which rank runs on which GPU.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/gpu.hpp"

namespace cytofleet {

/// Where a rank lives and what it sees there.
struct RankPlace {
    std::string host;
    int node_rank = 0;  ///< among the ranks of its host
    cuda::DeviceSurvey survey;
    bool hung = false;  ///< its driver does not answer
};

struct GpuMap {
    /// Why not every rank has a GPU, naming the host; then the other fields are empty. Labels of a
    /// run must not depend on who computed a frame, so it is all ranks or none.
    std::string problem;
    bool hung = false;               ///< because a driver does not answer
    std::vector<int> device;         ///< of each rank, among those visible to it
    int compute_major = 0;           ///< the smallest of the GPUs in use
    std::uint64_t memory_each = 0;   ///< bytes of a rank on the fullest GPU, if ranks share alike
    std::vector<std::string> lines;  ///< the map, a line per host
    std::vector<std::string> warnings;  ///< GPUs shared, GPUs idle
};

/// The ranks of a host take its GPUs in turn: rank n of a host gets usable GPU n modulo their
/// number. `places` by rank. Where a launcher shows each rank a GPU of its own, that is the one.
GpuMap map_gpus(std::span<const RankPlace> places);

}  // namespace cytofleet
