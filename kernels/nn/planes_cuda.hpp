// Planes from and to channels-last maps on a device: the network's two ends.
#pragma once

#include <cstdint>

#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// `planes` (n, channels, height, width) to `out`, whose channels beyond these become zero; through
/// max(0, scale * x + shift), or as they are where `scale` is none.
void maps_of_planes(Stream stream, const float* planes, std::int64_t channels,
                    const ChannelValues& scale, const ChannelValues& shift, void* out,
                    const MapSize& out_size);
/// And back: the first `channels` of `in`.
void planes_of_maps(Stream stream, const void* in, const MapSize& in_size, std::int64_t channels,
                    float* planes);

/// planes[o] = bias[o] + sum_c weights[o][c] * max(0, scale[c] * in[c] + shift[c]), fused
/// multiply-adds in the order of channels. `weights`: (outputs, in_size.channels); `bias`:
/// (outputs).
void project(Stream stream, const void* in, const MapSize& in_size, const float* scale,
             const float* shift, const float* weights, const float* bias, std::int64_t outputs,
             float* planes);

/// A convolution's weights (out, in, kernel, kernel) to (padded out, kernel, kernel, padded in).
void lay_out_weights(Stream stream, const float* weights, std::int64_t in, std::int64_t out,
                     std::int64_t kernel, Element element, void* laid_out);

}  // namespace cytofleet::cuda
