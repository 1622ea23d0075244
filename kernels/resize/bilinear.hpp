// Between two values as OpenCV and IPP round it, for the device; on the CPU resize_lines.cpp has
// the same with vectors. Compile without contraction.
#pragma once

#include <cmath>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// How a + (b - a) * f is rounded. The same bits on every machine.
enum class Rounding {
    each,  ///< a * (1 - f) + b * f, after each operation: OpenCV's own code
    once   ///< fma(b - a, f, a): IPP
};

CYTOFLEET_HD inline float between(Rounding rounding, float a, float b, float f) {
    return rounding == Rounding::once ? std::fma(b - a, f, a) : a * (1.0F - f) + b * f;
}

/// The mean of 2 x 2 pixels as OpenCV sums it: a, b above c, d.
CYTOFLEET_HD inline float mean_of_four(float a, float b, float c, float d) {
    return (((a + b) + c) + d) * 0.25F;
}

}  // namespace cytofleet
