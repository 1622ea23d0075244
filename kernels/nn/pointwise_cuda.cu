// One thread per 16 bytes of channels, rows over the grid. All of these are bound by memory: on an
// H200 (4.8 TB/s) a 224 x 224 tile of 32 channels in fp16 (3.2 MB) takes 0.67 us per pass, so
// activate 1.3 us, finish_convolution 2 us with something to add, max_pool 0.85 us. A copy that is
// activated for the next convolution costs a writing, 0.67 us, and saves that one's activate.
#include "kernels/nn/packs.cuh"
#include "kernels/nn/pointwise_cuda.hpp"

namespace cytofleet::cuda {
namespace {

/// max(0, scale * value + shift), for the channels of a pack.
template <typename T>
__device__ Pack<T> activated(Pack<T> value, const ChannelValues& scale, const ChannelValues& shift,
                             const PackPlace& at) {
    const float* s = scale.data + at.tile * scale.tile_stride + at.pack * Pack<T>::size;
    const float* b = shift.data + at.tile * shift.tile_stride + at.pack * Pack<T>::size;
    for (int k = 0; k < Pack<T>::size; ++k)
        value.values[k] =
            from_float<T>(rectified(__fmaf_rn(to_float(value.values[k]), s[k], b[k])));
    return value;
}

template <typename T, int factor>
__global__ void activate_packs(const Pack<T>* in, ChannelValues scale, ChannelValues shift,
                               unsigned height, unsigned width, unsigned packs, Pack<T>* out) {
    const PackPlace at = pack_place(height, width, packs);
    if (!at.inside) return;
    Pack<T> value = in[(at.row * width + at.x) * packs + at.pack];
    if (scale.data != nullptr) value = activated(value, scale, shift, at);
    for (int dy = 0; dy < factor; ++dy)
        for (int dx = 0; dx < factor; ++dx)
            out[((at.row * factor + dy) * width * factor + at.x * factor + dx) * packs + at.pack] =
                value;
}

template <typename T>
__global__ void finish_packs(const Pack<T>* sums, ChannelValues bias, const Pack<T>* add,
                             bool add_doubled, ChannelValues add_scale, bool relu,
                             ActivatedCopy copy, unsigned height, unsigned width, unsigned packs,
                             Pack<T>* out) {
    const PackPlace at = pack_place(height, width, packs);
    if (!at.inside) return;
    const std::int64_t here = (at.row * width + at.x) * packs + at.pack;
    Pack<T> value = sums[here];
    const float* b = bias.data + at.tile * bias.tile_stride + at.pack * Pack<T>::size;
    const float* s = add_scale.data == nullptr ? nullptr
                                               : add_scale.data + at.tile * add_scale.tile_stride +
                                                     at.pack * Pack<T>::size;
    Pack<T> more;
    if (add != nullptr) {
        // Rows of all tiles halve together: heights are even.
        more =
            add_doubled ? add[(at.row / 2 * (width / 2) + at.x / 2) * packs + at.pack] : add[here];
    }
    for (int k = 0; k < Pack<T>::size; ++k) {
        float v = to_float(value.values[k]) + b[k];
        if (add != nullptr) v = __fmaf_rn(to_float(more.values[k]), s == nullptr ? 1.0F : s[k], v);
        value.values[k] = from_float<T>(relu ? rectified(v) : v);
    }
    out[here] = value;
    if (copy.out != nullptr)
        static_cast<Pack<T>*>(copy.out)[here] = activated(value, copy.scale, copy.shift, at);
}

template <typename T>
__global__ void pool_packs(const Pack<T>* in, unsigned in_height, unsigned in_width,
                           ActivatedCopy copy, unsigned height, unsigned width, unsigned packs,
                           Pack<T>* out) {
    const PackPlace at = pack_place(height, width, packs);
    if (!at.inside) return;
    const std::int64_t in_row = std::int64_t{at.tile} * in_height + 2 * at.y;
    const Pack<T>* from = in + (in_row * in_width + 2 * at.x) * packs + at.pack;
    const std::int64_t below = std::int64_t{in_width} * packs;
    const Pack<T> four[] = {from[0], from[packs], from[below], from[below + packs]};
    Pack<T> most = four[0];
    for (int i = 1; i < 4; ++i)
        for (int k = 0; k < Pack<T>::size; ++k)
            if (to_float(four[i].values[k]) > to_float(most.values[k]))
                most.values[k] = four[i].values[k];
    const std::int64_t here = (at.row * width + at.x) * packs + at.pack;
    out[here] = most;
    if (copy.out != nullptr)
        static_cast<Pack<T>*>(copy.out)[here] = activated(most, copy.scale, copy.shift, at);
}

}  // namespace

void activate(Stream stream, const void* in, const MapSize& in_size, const ChannelValues& scale,
              const ChannelValues& shift, void* out, const MapSize& out_size) {
    with_element(in_size.element, [&](auto element) {
        using T = decltype(element);
        const auto go = [&](auto kernel) {
            launch(kernel, row_grid<T>(in_size), dim3(row_block), 0, stream,
                   static_cast<const Pack<T>*>(in), scale, shift, in_size.height, in_size.width,
                   packs_of<T>(in_size.channels), static_cast<Pack<T>*>(out));
        };
        if (out_size.height == in_size.height)
            go(activate_packs<T, 1>);
        else
            go(activate_packs<T, 2>);
    });
}

void finish_convolution(Stream stream, const void* sums, const MapSize& size, const Finish& finish,
                        void* out) {
    with_element(size.element, [&](auto element) {
        using T = decltype(element);
        launch(finish_packs<T>, row_grid<T>(size), dim3(row_block), 0, stream,
               static_cast<const Pack<T>*>(sums), finish.bias,
               static_cast<const Pack<T>*>(finish.add), finish.add_doubled, finish.add_scale,
               finish.relu, finish.copy, size.height, size.width, packs_of<T>(size.channels),
               static_cast<Pack<T>*>(out));
    });
}

void max_pool(Stream stream, const void* in, const MapSize& in_size, void* out,
              const ActivatedCopy& copy) {
    MapSize size = in_size;
    size.height /= 2;
    size.width /= 2;
    with_element(size.element, [&](auto element) {
        using T = decltype(element);
        launch(pool_packs<T>, row_grid<T>(size), dim3(row_block), 0, stream,
               static_cast<const Pack<T>*>(in), in_size.height, in_size.width, copy, size.height,
               size.width, packs_of<T>(size.channels), static_cast<Pack<T>*>(out));
    });
}

}  // namespace cytofleet::cuda
