// What surrounds a convolution on a device, one kernel each side; and the pooling.
#pragma once

#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// out = max(0, scale * in + shift), or `in` where `scale` is none, at the place of each pixel or,
/// where `out_size` has twice the height and width, at its four.
void activate(Stream stream, const void* in, const MapSize& in_size, const ChannelValues& scale,
              const ChannelValues& shift, void* out, const MapSize& out_size);

/// A copy of what a kernel writes, prepared for the convolution that reads it next:
/// max(0, scale * written + shift), bit for bit what activate() makes of it.
struct ActivatedCopy {
    ChannelValues scale;
    ChannelValues shift;
    void* out = nullptr;  ///< null: none
};

/// What follows a convolution's sums.
struct Finish {
    ChannelValues bias{};
    const void* add = nullptr;  ///< null: nothing
    bool add_doubled = false;   ///< `add` has half the height and width
    ChannelValues add_scale{};  ///< none: 1
    bool relu = false;
    ActivatedCopy copy{};
};

/// out = sums + bias + add_scale * add, at least 0 with `relu`. Everything is of one size and
/// element; `out` may be `sums` or `add`, if that has its size.
void finish_convolution(Stream stream, const void* sums, const MapSize& size, const Finish& finish,
                        void* out);

/// 2 x 2 maximum, stride 2; a last odd row or column is left out.
void max_pool(Stream stream, const void* in, const MapSize& in_size, void* out,
              const ActivatedCopy& copy = {});

}  // namespace cytofleet::cuda
