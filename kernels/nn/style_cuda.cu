// Bound by latency: a tile's style is 256 numbers. The mean reads 28 x 28 x 256 numbers of fp16
// (0.4 MB, 0.1 us at an H200's 4.8 TB/s; its 0.2 M additions in double are far below 34 TFLOP/s);
// unit length and the linear layers are 256 dependent additions, 2 to 4 us each whatever the batch.
#include "kernels/nn/packs.cuh"
#include "kernels/nn/style_cuda.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned mean_block = 256;
constexpr unsigned style_block = 128;

/// Thread t sums pixels t, t + 256, ..; then halves are added to halves.
template <typename T>
__global__ void mean_packs(const Pack<T>* in, std::int64_t pixels, unsigned packs, float* out) {
    double* sums = shared_memory<double>();
    constexpr int size = Pack<T>::size;
    const Pack<T>* from = in + blockIdx.y * pixels * packs + blockIdx.x;
    double mine[size] = {};
    for (std::int64_t p = threadIdx.x; p < pixels; p += mean_block) {
        const Pack<T> value = from[p * packs];
        for (int k = 0; k < size; ++k) mine[k] += static_cast<double>(to_float(value.values[k]));
    }
    for (int k = 0; k < size; ++k) sums[k * mean_block + threadIdx.x] = mine[k];
    for (unsigned half = mean_block / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            for (int k = 0; k < size; ++k)
                sums[k * mean_block + threadIdx.x] += sums[k * mean_block + threadIdx.x + half];
    }
    __syncthreads();
    if (threadIdx.x < size)
        out[(std::int64_t{blockIdx.y} * packs + blockIdx.x) * size + threadIdx.x] =
            static_cast<float>(sums[threadIdx.x * mean_block] / static_cast<double>(pixels));
}

__global__ void normalise(float* values, unsigned channels, unsigned stride) {
    double* squares = shared_memory<double>();  // the last one: the norm
    float* mine = values + std::int64_t{blockIdx.x} * stride;
    for (unsigned c = threadIdx.x; c < channels; c += style_block)
        squares[c] = static_cast<double>(mine[c]) * static_cast<double>(mine[c]);
    __syncthreads();
    if (threadIdx.x == 0) {
        double sum = 0;
        for (unsigned c = 0; c < channels; ++c) sum += squares[c];
        squares[channels] = sqrt(sum);
    }
    __syncthreads();
    const auto norm = static_cast<float>(squares[channels]);
    for (unsigned c = threadIdx.x; c < stride; c += style_block)
        mine[c] = c < channels ? __fdiv_rn(mine[c], norm) : 0.0F;
}

__global__ void linear_outputs(const float* weights, const float* bias, unsigned inputs,
                               const float* in, unsigned in_stride, float* out,
                               unsigned out_stride) {
    const unsigned o = blockIdx.x * style_block + threadIdx.x;
    if (o >= out_stride) return;
    const float* x = in + std::int64_t{blockIdx.y} * in_stride;
    double sum = 0;
    for (unsigned i = 0; i < inputs; ++i)
        sum += static_cast<double>(weights[i * out_stride + o]) * static_cast<double>(x[i]);
    out[std::int64_t{blockIdx.y} * out_stride + o] = bias[o] + static_cast<float>(sum);
}

}  // namespace

void mean_of_maps(Stream stream, const void* in, const MapSize& in_size, float* out) {
    with_element(in_size.element, [&](auto element) {
        using T = decltype(element);
        const std::int64_t packs = packs_of<T>(in_size.channels);
        launch(mean_packs<T>, dim3(static_cast<unsigned>(packs), static_cast<unsigned>(in_size.n)),
               dim3(mean_block), mean_block * Pack<T>::size * sizeof(double), stream,
               static_cast<const Pack<T>*>(in), in_size.height * in_size.width, packs, out);
    });
}

void unit_length(Stream stream, float* values, std::int64_t n, std::int64_t channels,
                 std::int64_t stride) {
    const std::size_t shared = static_cast<std::size_t>(channels + 1) * sizeof(double);
    launch(normalise, dim3(static_cast<unsigned>(n)), dim3(style_block), shared, stream, values,
           channels, stride);
}

void linear(Stream stream, const float* weights, const float* bias, std::int64_t inputs,
            const float* in, std::int64_t n, std::int64_t in_stride, float* out,
            std::int64_t out_stride) {
    launch(linear_outputs, dim3(blocks_for(out_stride, style_block), static_cast<unsigned>(n)),
           dim3(style_block), 0, stream, weights, bias, inputs, in, in_stride, out, out_stride);
}

}  // namespace cytofleet::cuda
