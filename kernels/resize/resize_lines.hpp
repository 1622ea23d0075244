// One line of pixels of a bilinear resize, vectorised for the CPU it runs on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/resize/axis_table.hpp"
#include "kernels/resize/bilinear.hpp"

namespace cytofleet::cpu {

/// out[i] from row[low[i]] and row[high[i]], for every i of the table.
void resize_columns(Rounding rounding, const float* row, const AxisTable& table, float* out);

/// out[i] from upper[i] and lower[i], 0 <= i < count.
void resize_rows(Rounding rounding, const float* upper, const float* lower, float fraction,
                 std::size_t count, float* out);

/// The mean of 2 x 2 pixels, as OpenCV sums it: the rows are 2 * count long.
void halve_rows(const float* upper, const float* lower, std::size_t count, float* out);

}  // namespace cytofleet::cpu
