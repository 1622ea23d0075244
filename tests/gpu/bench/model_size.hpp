// Whether a model is one that the project's bars are meant for.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/network_flops.hpp"

namespace cytofleet::bench {

/// By its widths (CpNet::widths()), whatever type its weights are stored in: Cellpose's has 31.0
/// GFLOP for a tile of 224 x 224.
inline bool full_size(const std::vector<std::int64_t>& widths) {
    return network_flops(widths, 224) >= 30e9;
}
inline constexpr const char* small_model = "the model is smaller than Cellpose's (--model)";

}  // namespace cytofleet::bench
