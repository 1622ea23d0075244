// One line of pixels of blending, vectorised for the CPU it runs on. The same bits on every CPU.
#pragma once

#include <cstddef>

namespace cytofleet::cpu {

/// How a line of a tile is turned back before it is added.
struct LineTurn {
    bool reversed = false;
    bool negated = false;
};

/// sum[i] = fp32(sum[i] + tile[i] * weight[i]), product and sum rounded in fp64. The weights are
/// those of the line as it lies in the frame.
void add_line(const float* tile, LineTurn turn, const double* weight, std::size_t count,
              float* sum);

/// out[i] = fp32(sum[i] / weight[i]), divided in fp64.
void divide_line(const float* sum, const double* weight, std::size_t count, float* out);

}  // namespace cytofleet::cpu
