// Percentiles that change over the frame (cellpose3.md 2.5).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernels/resize/resize.hpp"

namespace cytofleet::cpu {

/// In place: (x - low) / (high - low) with maps made from tiles of `block` x `block` pixels.
void tile_norm(const Exec& exec, std::span<float> plane, Extent extent, std::int64_t block,
               std::array<double, 2> percent);

}  // namespace cytofleet::cpu
