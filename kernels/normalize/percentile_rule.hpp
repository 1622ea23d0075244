// Which values numpy 2.0 takes for a percentile of float32, and how it goes between them, once for
// both twins (cellpose3.md 2.3).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/resize/resize.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// A percentile lies `weight` of the way from sorted value `low` to sorted value `high`.
struct Rank {
    std::int64_t low = 0;
    std::int64_t high = 0;
    float weight = 0;
};

/// Index and weight in fp32.
inline Rank rank_of(std::int64_t count, double percent) {
    const std::int64_t last = count - 1;
    const float q = static_cast<float>(percent) / 100.0F;
    const float index = static_cast<float>(last) * q;
    if (index >= static_cast<float>(last)) return {last, last, 0.0F};
    const float floor = std::floor(index);
    const auto low = static_cast<std::int64_t>(floor);
    return {low, std::min(low + 1, last), index - floor};
}

CYTOFLEET_HD inline float between_ranks(float low, float high, float weight) {
    const float step = high - low;
    return weight < 0.5F ? low + step * weight : high - step * (1.0F - weight);
}

/// Pixels of a frame that its percentiles look at: all, or above 224^3 of every so many rows and
/// columns.
struct FrameSample {
    std::int64_t step_y = 1;
    std::int64_t step_x = 1;
    bool all = true;
};

inline FrameSample sample_of(Extent extent) {
    constexpr std::int64_t side = 224;
    if (extent.pixels() <= side * side * side) return {};
    return {std::max<std::int64_t>(1, extent.height / side),
            std::max<std::int64_t>(1, extent.width / side), false};
}

}  // namespace cytofleet
