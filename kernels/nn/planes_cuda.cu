// One thread per pixel and pack of channels, or per pixel. Bound by memory: on an H200 a 224 x 224
// tile goes to 8 padded channels of fp16 in 0.25 us (1.2 MB), and 32 channels become 3 planes in
// 0.8 us (3.8 MB; 4.8 M multiply-adds, far from the limit). Weights are laid out once per model.
#include "kernels/nn/packs.cuh"
#include "kernels/nn/planes_cuda.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned block = 256;

template <typename T>
__global__ void pack_planes(const float* planes, unsigned channels, ChannelValues scale,
                            ChannelValues shift, unsigned height, unsigned width, unsigned packs,
                            Pack<T>* out) {
    const PackPlace at = pack_place(height, width, packs);
    if (!at.inside) return;
    Pack<T> value;
    for (int k = 0; k < Pack<T>::size; ++k) {
        const unsigned c = at.pack * Pack<T>::size + k;
        float v = 0.0F;
        if (c < channels) {
            v = planes[((std::int64_t{at.tile} * channels + c) * height + at.y) * width + at.x];
            if (scale.data != nullptr)
                v = rectified(__fmaf_rn(v, scale.data[at.tile * scale.tile_stride + c],
                                        shift.data[at.tile * shift.tile_stride + c]));
        }
        value.values[k] = from_float<T>(v);
    }
    out[(at.row * width + at.x) * packs + at.pack] = value;
}

template <typename T>
__global__ void unpack_planes(const Pack<T>* in, unsigned channels, unsigned height, unsigned width,
                              unsigned packs, float* planes) {
    const PackPlace at = pack_place(height, width, packs);
    if (!at.inside) return;
    const Pack<T> value = in[(at.row * width + at.x) * packs + at.pack];
    for (int k = 0; k < Pack<T>::size; ++k) {
        const unsigned c = at.pack * Pack<T>::size + k;
        if (c < channels)
            planes[((std::int64_t{at.tile} * channels + c) * height + at.y) * width + at.x] =
                to_float(value.values[k]);
    }
}

/// Outputs [first, first + count) of a pixel together, so that its channels are read once.
template <typename T, int count>
__global__ void project_pixels(const Pack<T>* in, std::int64_t pixels, std::int64_t plane,
                               unsigned packs, const float* scale, const float* shift,
                               const float* weights, const float* bias, unsigned first,
                               unsigned outputs, float* planes) {
    const std::int64_t p = global_thread();
    if (p >= pixels) return;
    const unsigned channels = packs * Pack<T>::size;
    float sums[count] = {};
    for (unsigned pack = 0; pack < packs; ++pack) {
        const Pack<T> value = in[p * packs + pack];
        for (int k = 0; k < Pack<T>::size; ++k) {
            const unsigned c = pack * Pack<T>::size + k;
            const float v = rectified(__fmaf_rn(to_float(value.values[k]), scale[c], shift[c]));
            for (int o = 0; o < count; ++o)
                sums[o] = __fmaf_rn(v, weights[(first + o) * channels + c], sums[o]);
        }
    }
    const std::int64_t tile = p / plane;
    for (int o = 0; o < count; ++o)
        planes[(tile * outputs + first + o) * plane + p % plane] = sums[o] + bias[first + o];
}

template <typename T>
__global__ void lay_out(const float* weights, std::int64_t in, std::int64_t out, std::int64_t taps,
                        std::int64_t in_there, std::int64_t count, T* laid_out) {
    const std::int64_t at = global_thread();
    if (at >= count) return;
    const std::int64_t i = at % in_there;
    const std::int64_t tap = at / in_there % taps;
    const std::int64_t o = at / in_there / taps;
    laid_out[at] = from_float<T>(i < in && o < out ? weights[(o * in + i) * taps + tap] : 0.0F);
}

}  // namespace

void maps_of_planes(Stream stream, const float* planes, std::int64_t channels,
                    const ChannelValues& scale, const ChannelValues& shift, void* out,
                    const MapSize& out_size) {
    with_element(out_size.element, [&](auto element) {
        using T = decltype(element);
        launch(pack_planes<T>, row_grid<T>(out_size), dim3(row_block), 0, stream, planes, channels,
               scale, shift, out_size.height, out_size.width, packs_of<T>(out_size.channels),
               static_cast<Pack<T>*>(out));
    });
}

void planes_of_maps(Stream stream, const void* in, const MapSize& in_size, std::int64_t channels,
                    float* planes) {
    with_element(in_size.element, [&](auto element) {
        using T = decltype(element);
        launch(unpack_planes<T>, row_grid<T>(in_size), dim3(row_block), 0, stream,
               static_cast<const Pack<T>*>(in), channels, in_size.height, in_size.width,
               packs_of<T>(in_size.channels), planes);
    });
}

void project(Stream stream, const void* in, const MapSize& in_size, const float* scale,
             const float* shift, const float* weights, const float* bias, std::int64_t outputs,
             float* planes) {
    with_element(in_size.element, [&](auto element) {
        using T = decltype(element);
        const std::int64_t plane = in_size.height * in_size.width;
        const std::int64_t pixels = in_size.n * plane;
        const auto go = [&](auto kernel, std::int64_t first) {
            launch(kernel, dim3(blocks_for(pixels, block)), dim3(block), 0, stream,
                   static_cast<const Pack<T>*>(in), pixels, plane, packs_of<T>(in_size.channels),
                   scale, shift, weights, bias, first, outputs, planes);
        };
        std::int64_t first = 0;
        for (; first + 3 <= outputs; first += 3) go(project_pixels<T, 3>, first);
        for (; first < outputs; ++first) go(project_pixels<T, 1>, first);
    });
}

void lay_out_weights(Stream stream, const float* weights, std::int64_t in, std::int64_t out,
                     std::int64_t kernel, Element element, void* laid_out) {
    with_element(element, [&](auto type) {
        using T = decltype(type);
        const std::int64_t in_there = padded_channels(in);
        const std::int64_t count = padded_channels(out) * kernel * kernel * in_there;
        launch(lay_out<T>, dim3(blocks_for(count, block)), dim3(block), 0, stream, weights, in, out,
               kernel * kernel, in_there, count, static_cast<T*>(laid_out));
    });
}

}  // namespace cytofleet::cuda
