// What a network's convolutions are computed in on a device.
#pragma once

#include "kernels/nn/device_maps.hpp"

namespace cytofleet {

/// Sums are float32 in all of them. tf32: inputs of a product are rounded to 10 bits of fraction.
enum class Precision { fp32, tf32, fp16 };

constexpr cuda::Element element_of(Precision precision) {
    return precision == Precision::fp16 ? cuda::Element::f16 : cuda::Element::f32;
}

}  // namespace cytofleet
