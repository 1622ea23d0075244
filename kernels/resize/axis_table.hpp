// Which two source positions an output position of bilinear resizing lies between
// (cellpose3.md 2.6).
#pragma once

#include <cstdint>
#include <vector>

namespace cytofleet::cpu {

/// Output position i is `fraction[i]` of the way from source position `low[i]` to `high[i]`, which
/// is `low[i]` or the next one.
struct AxisTable {
    std::vector<std::int32_t> low;
    std::vector<std::int32_t> high;
    std::vector<float> fraction;
};

/// What becomes of `fraction` where an output position lies beyond the first or last source centre.
enum class Border {
    clamped,  ///< 0: the border value itself
    repeated  ///< kept: the border value is interpolated with itself, which may round
};

/// OpenCV's own code: the position is rounded to fp32 before it is split.
AxisTable opencv_axis(std::int64_t from, std::int64_t to, Border border);

/// IPP: the position is split in fp64 and only the fraction rounded.
AxisTable ipp_axis(std::int64_t from, std::int64_t to);

}  // namespace cytofleet::cpu
