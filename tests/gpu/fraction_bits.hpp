// Numbers with fewer bits of fraction than float32's 23: TF32 and fp16 have 10, bf16 has 7.
#pragma once

#include <bit>
#include <cstdint>

namespace cytofleet::test {

/// To the nearest, ties away from zero, as cvt.rna.tf32.f32 does. Of finite numbers.
inline float rounded_to(int bits, float value) {
    const std::uint32_t dropped = (1U << (23 - bits)) - 1;
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + (dropped + 1) / 2) &
                                ~dropped);
}

/// Toward zero, as a tensor core does that is given a float32 as it is.
inline float cut_to(int bits, float value) {
    const std::uint32_t dropped = (1U << (23 - bits)) - 1;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & ~dropped);
}

}  // namespace cytofleet::test
