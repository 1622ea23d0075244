// Percentiles as numpy 2.0 computes them for float32, to the last bit (cellpose3.md 2.3).
#pragma once

#include <array>
#include <span>

#include "kernels/resize/resize.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet::cpu {

/// Values at two percentages, the first below the second.
using Percentiles = std::array<float, 2>;

/// Linear between order statistics, index and weight in fp32. `values`: at least one, none NaN.
Percentiles percentiles(const Exec& exec, std::span<const float> values,
                        std::array<double, 2> percent);

/// The same on one thread, without memory of its own: reorders `values`. NaN if one of them is.
Percentiles percentiles_in_place(std::span<float> values, std::array<double, 2> percent);

/// The same of a frame; of every so many rows and columns above 224^3 pixels.
Percentiles frame_percentiles(const Exec& exec, std::span<const float> plane, Extent extent,
                              std::array<double, 2> percent);

}  // namespace cytofleet::cpu
