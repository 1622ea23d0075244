// How much memory a rank of a run will take, and whether there is so much.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/segmenter.hpp"
#include "pipeline/catalogue.hpp"

namespace cytofleet {

struct MemoryNeed {
    std::uint64_t host = 0;  ///< bytes of each rank at its most
    std::uint64_t gpu = 0;  ///< of a GPU's, where it runs on one, beside the driver's; 0: it cannot
    /// The frame that is enlarged most for the network.
    std::int64_t height = 0;
    std::int64_t width = 0;
    double enlargement = 1;  ///< of its area
};

/// For the scenes of `jobs`. The program and the model are taken as this process has them now:
/// `segmenter` is loaded in it.
MemoryNeed memory_need(const Catalogue& catalogue, const std::vector<Job>& jobs,
                       const Segmenter& segmenter, OutputFormat format);

/// A line each for what the user should know before the run starts: frames that are enlarged very
/// much, and memory that will not suffice for so many ranks on this machine. `gpu_memory`: what
/// each has of a GPU's; 0: not known.
std::vector<std::string> memory_warnings(const MemoryNeed& need, int ranks_here,
                                         std::uint64_t gpu_memory = 0);

}  // namespace cytofleet
