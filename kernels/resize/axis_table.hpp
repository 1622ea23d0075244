// Which two source positions every output position of bilinear resizing lies between
// (cellpose3.md 2.6).
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/resize/axis_place.hpp"

namespace cytofleet::cpu {

/// The AxisPlace of each output position.
struct AxisTable {
    std::vector<std::int32_t> low;
    std::vector<std::int32_t> high;
    std::vector<float> fraction;
};

AxisTable opencv_axis(std::int64_t from, std::int64_t to, Border border);
AxisTable ipp_axis(std::int64_t from, std::int64_t to);

}  // namespace cytofleet::cpu
