// The device's twins of resize.hpp. All pointers are in device memory.
#pragma once

#include <cstdint>

#include "kernels/resize/resize.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Bilinear by IPP's rule, of `planes` planes one after another; `from` and `to` differ.
void resize_output(Stream stream, const float* in, Extent from, std::int64_t planes, float* out,
                   Extent to);

/// Nearest neighbour.
void resize_labels(Stream stream, const std::uint32_t* in, Extent from, std::uint32_t* out,
                   Extent to);

}  // namespace cytofleet::cuda
