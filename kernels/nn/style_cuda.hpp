// The style of tiles on a device: mean over pixels, unit length, fully connected layers. Sums in
// double and in a fixed order, so that neither the batch nor the run shows.
#pragma once

#include <cstdint>

#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Mean over all pixels of a tile, to (n, in_size.channels).
void mean_of_maps(Stream stream, const void* in, const MapSize& in_size, float* out);

/// Each tile's first `channels` of `stride` values over their L2 norm; the others become zero. Bit
/// for bit as the CPU's.
void unit_length(Stream stream, float* values, std::int64_t n, std::int64_t channels,
                 std::int64_t stride);

/// Bit for bit as the CPU's. `weights`: (inputs, out_stride), zero where the output is padding, as
/// `bias` (out_stride); `in`: (n, in_stride); `out`: (n, out_stride).
void linear(Stream stream, const float* weights, const float* bias, std::int64_t inputs,
            const float* in, std::int64_t n, std::int64_t in_stride, float* out,
            std::int64_t out_stride);

}  // namespace cytofleet::cuda
