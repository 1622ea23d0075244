// Which two source positions one output position of resizing lies between, once for both twins
// (cellpose3.md 2.6). Roundings are those of OpenCV and IPP: compile without contraction.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// What becomes of the fraction where an output position lies beyond the first or last source
/// centre.
enum class Border {
    clamped,  ///< 0: the border value itself
    repeated  ///< kept: the border value is interpolated with itself, which may round
};

/// An output position is `fraction` of the way from source position `low` to `high`, which is `low`
/// or the next one.
struct AxisPlace {
    std::int32_t low = 0;
    std::int32_t high = 0;
    float fraction = 0;
};

/// Source positions per output position, as OpenCV computes it: a reciprocal of a quotient.
inline double opencv_step(std::int64_t from, std::int64_t to) {
    return 1.0 / (static_cast<double>(to) / static_cast<double>(from));
}

inline double ipp_step(std::int64_t from, std::int64_t to) {
    return static_cast<double>(from) / static_cast<double>(to);
}

CYTOFLEET_HD inline AxisPlace place_inside(std::int64_t low, float fraction, std::int64_t from,
                                           Border border) {
    const std::int64_t last = from - 1;
    const bool outside = low < 0 || low >= last;
    const auto inside = [last](std::int64_t i) {
        return static_cast<std::int32_t>(i < 0 ? 0 : (i > last ? last : i));
    };
    return {inside(low), inside(low + 1), outside && border == Border::clamped ? 0.0F : fraction};
}

/// OpenCV's own code: the position is rounded to fp32 before it is split. `step`: opencv_step.
CYTOFLEET_HD inline AxisPlace opencv_place(std::int64_t i, double step, std::int64_t from,
                                           Border border) {
    const auto position = static_cast<float>((static_cast<double>(i) + 0.5) * step - 0.5);
    const float floor = std::floor(position);
    return place_inside(static_cast<std::int64_t>(floor), position - floor, from, border);
}

/// IPP: the position is split in fp64 and only the fraction rounded. `step`: ipp_step.
CYTOFLEET_HD inline AxisPlace ipp_place(std::int64_t i, double step, std::int64_t from) {
    const double position = (static_cast<double>(i) + 0.5) * step - 0.5;
    const double floor = std::floor(position);
    return place_inside(static_cast<std::int64_t>(floor), static_cast<float>(position - floor),
                        from, Border::clamped);
}

/// OpenCV's nearest neighbour multiplies by the reciprocal of a quotient (opencv_step);
/// i * from / to differs from it in one size of 25.
CYTOFLEET_HD inline std::int64_t nearest_place(std::int64_t i, double step, std::int64_t from) {
    const auto source = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * step));
    return source < from ? source : from - 1;
}

}  // namespace cytofleet
