// The bin in which the end of a followed point counts (cellpose3.md 5.4 step 1), once for both
// twins.
#pragma once

#include <cstdint>

#include "kernels/flow/flow_point.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

inline constexpr std::int64_t end_bin_pad = 20;  ///< bins around the frame, on each side

/// Along one axis of `bins` bins: toward zero, NaN to 0.
CYTOFLEET_HD inline std::int64_t end_bin_of_axis(float end, std::int64_t bins) {
    if (end != end) return 0;
    const auto low = static_cast<float>(-end_bin_pad);
    const auto high = static_cast<float>(bins - 2 * end_bin_pad - 1);
    const float inside = end < low ? low : (high < end ? high : end);
    return static_cast<std::int64_t>(inside) + end_bin_pad;
}

/// Index into height * width bins.
CYTOFLEET_HD inline std::int64_t end_bin(Point end, std::int64_t height, std::int64_t width) {
    return end_bin_of_axis(end.y, height) * width + end_bin_of_axis(end.x, width);
}

}  // namespace cytofleet
