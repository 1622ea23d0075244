// CUDA's 16-bit floating point numbers on the host.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

struct __half {
    std::uint16_t bits = 0;
};

inline float __half2float(__half value) {
    const float sign = (value.bits & 0x8000U) != 0 ? -1.0F : 1.0F;
    const int exponent = value.bits >> 10 & 31;
    const auto fraction = static_cast<float>(value.bits & 1023U);
    if (exponent == 31) return fraction > 0 ? std::bit_cast<float>(0x7fc00000U) : sign * HUGE_VALF;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024.0F + fraction, exponent - 25);
}

/// To the nearest, ties to even.
inline __half __float2half_rn(float value) {
    const auto sign = static_cast<unsigned>(std::signbit(value)) << 15;
    const auto of = [sign](unsigned magnitude) {
        return __half{static_cast<std::uint16_t>(sign | magnitude)};
    };
    if (std::isnan(value)) return __half{0x7fff};
    const float magnitude = std::abs(value);
    if (magnitude >= 65520.0F) return of(0x7c00);
    constexpr float smallest_normal = 6.103515625e-05F;
    if (magnitude < smallest_normal)
        return of(static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 24))));
    const int exponent = std::ilogb(magnitude);
    // 1024 to 2048; the latter carries into the exponent, as it should.
    const auto rounded =
        static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    return of((static_cast<unsigned>(exponent + 15) << 10) + rounded - 1024U);
}
