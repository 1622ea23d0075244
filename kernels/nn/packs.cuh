// What the network's kernels share: 16 bytes of channels at a time, rows of a map over the grid.
#pragma once

#include "kernels/nn/device_maps.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {

/// Channels of one pixel that are loaded at once.
template <typename T>
struct alignas(16) Pack {
    static constexpr int size = 16 / sizeof(T);
    T values[size];
};

__device__ inline float to_float(float value) {
    return value;
}
__device__ inline float to_float(__half value) {
    return __half2float(value);
}
template <typename T>
__device__ T from_float(float value);
template <>
__device__ inline float from_float<float>(float value) {
    return value;
}
template <>
__device__ inline __half from_float<__half>(float value) {
    return __float2half_rn(value);
}

/// Not a number stays one.
__device__ inline float rectified(float value) {
    return value < 0.0F ? 0.0F : value;
}

/// A thread's pack of a map: x counts rows of it, y the packs of a row in blocks of row_block.
struct PackPlace {
    std::int64_t row;  ///< over all tiles
    unsigned tile, y, x, pack;
    bool inside;
};
inline constexpr unsigned row_block = 256;

__device__ inline PackPlace pack_place(unsigned height, unsigned width, unsigned packs) {
    const unsigned at = blockIdx.y * blockDim.x + threadIdx.x;
    const unsigned x = at / packs;
    return {blockIdx.x, blockIdx.x / height, blockIdx.x % height, x, at % packs, x < width};
}

template <typename T>
constexpr std::int64_t packs_of(std::int64_t channels) {
    return channels / Pack<T>::size;
}

template <typename T>
dim3 row_grid(const MapSize& size) {
    return dim3(static_cast<unsigned>(size.n * size.height),
                blocks_for(size.width * packs_of<T>(size.channels), row_block));
}

/// Calls with a value of the element's type.
template <typename Call>
void with_element(Element element, const Call& call) {
    if (element == Element::f32)
        call(float{});
    else
        call(__half{});
}

}  // namespace cytofleet::cuda
