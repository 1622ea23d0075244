// Unsigned numbers in the order of the floats they stand for, once for both twins.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/support/exec.hpp"

namespace cytofleet {

inline constexpr std::uint32_t float_sign = 0x80000000U;

/// -0 counts as 0. A NaN gets a number too, below or above all others.
CYTOFLEET_HD inline std::uint32_t float_key(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);  // -0 becomes 0
    return (bits & float_sign) != 0 ? ~bits : bits | float_sign;
}

CYTOFLEET_HD inline float float_of_key(std::uint32_t key) {
    return std::bit_cast<float>((key & float_sign) != 0 ? key & ~float_sign : ~key);
}

}  // namespace cytofleet
