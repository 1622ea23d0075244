// The arithmetic of the flow errors that host and device share, rounding by rounding.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// The cuda variant computes in single precision when the frame with its margin of 1 has more
/// pixels than this.
inline bool in_single_precision(std::int64_t height, std::int64_t width) {
    constexpr double most = 4e7;
    return static_cast<double>((height + 2) * (width + 2)) > most;
}

/// Steps of diffusion that the cpu variant gives a label with a box of this size.
CYTOFLEET_HD inline std::int64_t diffusion_steps(std::int64_t height, std::int64_t width) {
    return 2 * (height + 2 + width + 2);
}

/// What the cuda variant takes the largest of; twice that is the number of steps of all labels.
CYTOFLEET_HD inline std::int64_t box_extent(std::int64_t height, std::int64_t width) {
    return height + width + 2;
}

/// From (y, x) to the mean of a label's pixels, squared.
CYTOFLEET_HD inline double squared_distance(double y, double x, double mean_y, double mean_x) {
    const double dy = y - mean_y;
    const double dx = x - mean_x;
    return dx * dx + dy * dy;
}

/// Correctly rounded sum / 9 for sums that are not negative. A quotient off by at most one unit in
/// the last place and its exact remainder give the right one, without the dozen of instructions
/// that a division takes on a device; only where the remainder could underflow is divided.
CYTOFLEET_HD inline double ninth_of(double sum) {
    constexpr double ninth = 1.0 / 9.0;
    constexpr double smallest = 0x1p-900;
    if (sum < smallest && sum > 0) return sum / 9.0;
    const double quotient = sum * ninth;
    return std::fma(std::fma(-9.0, quotient, sum), ninth, quotient);
}

CYTOFLEET_HD inline float ninth_of(float sum) {
    return sum / 9.0F;
}

struct ErrorTerm {
    double y = 0;
    double x = 0;
};

/// Squared difference of the unit vector along the heat's gradient and the network's flow at one
/// pixel, from the heat of its neighbours.
template <typename Real>
CYTOFLEET_HD ErrorTerm error_term(Real north, Real south, Real west, Real east, float flow_y,
                                  float flow_x) {
    const auto mu_y = static_cast<double>(south - north);
    const auto mu_x = static_cast<double>(east - west);
    const double length = 1e-60 + std::sqrt(mu_y * mu_y + mu_x * mu_x);
    const double off_y = mu_y / length - static_cast<double>(flow_y / 5.0F);
    const double off_x = mu_x / length - static_cast<double>(flow_x / 5.0F);
    return {off_y * off_y, off_x * off_x};
}

}  // namespace cytofleet
