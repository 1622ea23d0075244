// What normalising by percentiles does to a plane, once for both twins (cellpose3.md 2.2, 2.3).
#pragma once

#include <cstdint>

#include "kernels/support/exec.hpp"

namespace cytofleet {

enum class Scaling : std::uint32_t {
    none,         ///< one value everywhere, or a NaN somewhere: the plane stays as it is
    percentiles,  ///< (x - low) / span, each rounded
    zeros         ///< hardly any range: the plane becomes 0
};

struct FrameScale {
    Scaling scaling = Scaling::none;
    float low = 0;
    float span = 1;
};

/// Of the smallest and the largest value of a plane. Not with a NaN.
CYTOFLEET_HD inline bool has_range(float smallest, float largest) {
    return largest - smallest > 0;
}

/// Of the two percentiles of a plane that has a range.
CYTOFLEET_HD inline FrameScale scale_between(float low, float high) {
    const float span = high - low;
    return {span > 1e-3F ? Scaling::percentiles : Scaling::zeros, low, span};
}

/// One pixel. Inverting leaves alone what is not normalised, as Python does.
CYTOFLEET_HD inline float scaled(float value, const FrameScale& scale, bool invert) {
    if (scale.scaling == Scaling::none) return value;
    const float out =
        scale.scaling == Scaling::percentiles ? (value - scale.low) / scale.span : 0.0F;
    return invert ? 1.0F - out : out;
}

}  // namespace cytofleet
