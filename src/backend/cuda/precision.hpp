// What a network's convolutions are computed in on a device.
#pragma once

#include <string_view>

#include "kernels/nn/device_maps.hpp"

namespace cytofleet {

/// Sums are float32 in all of them. tf32: inputs of a product are rounded to 10 bits of fraction.
enum class Precision { fp32, tf32, fp16 };

constexpr cuda::Element element_of(Precision precision) {
    return precision == Precision::fp16 ? cuda::Element::f16 : cuda::Element::f32;
}

constexpr std::string_view name_of(Precision precision) {
    return precision == Precision::fp32 ? "fp32" : precision == Precision::tf32 ? "tf32" : "fp16";
}

/// What the user asks for. automatic: what PyTorch does with a network's convolutions on that GPU,
/// where cuDNN may use TF32: tf32 from compute capability 8.0 on, fp32 before.
enum class PrecisionChoice { automatic, fp32, tf32, fp16 };

constexpr Precision resolve(PrecisionChoice choice, int compute_major) {
    switch (choice) {
        case PrecisionChoice::fp32:
            return Precision::fp32;
        case PrecisionChoice::tf32:
            return Precision::tf32;
        case PrecisionChoice::fp16:
            return Precision::fp16;
        case PrecisionChoice::automatic:
            break;
    }
    return compute_major >= 8 ? Precision::tf32 : Precision::fp32;
}

}  // namespace cytofleet
