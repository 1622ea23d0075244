// Bound by the fp32 units by design: each thread keeps 8 chains in registers, and a multiprocessor
// has 2048 threads (or what fits) of them, 16,384 independent multiply-adds for 128 units.
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/streams.hpp"

namespace cytofleet::bench {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned blocks_per_sm = 32;
constexpr int chains = 8;
constexpr int steps = 16384;

__global__ void __launch_bounds__(threads)
    multiply_add(float factor, float summand, float never, float* out) {
    float values[chains];
    for (int i = 0; i < chains; ++i)
        values[i] = static_cast<float>(threadIdx.x) + static_cast<float>(i);
#pragma unroll 16
    for (int step = 0; step < steps; ++step) {
#pragma unroll
        for (int i = 0; i < chains; ++i) values[i] = __fmaf_rn(values[i], factor, summand);
    }
    float sum = 0;
    for (int i = 0; i < chains; ++i) sum += values[i];
    // The compiler does not know that this is never so, and must do the work.
    if (sum == never) *out = sum;
}

}  // namespace

double fma_rate(int rounds) {
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();
    int device = 0;
    int sms = 0;
    cuda::check(cudaGetDevice(&device), "cudaGetDevice");
    cuda::check(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device),
                "cudaDeviceGetAttribute");
    cuda::DeviceArray<float> out(1);
    const unsigned blocks = blocks_per_sm * static_cast<unsigned>(sms);
    const double seconds = median_seconds(stream, rounds, [&] {
        cuda::launch(multiply_add, dim3(blocks), dim3(threads), 0, stream, 0.999F, 0.5F, -1.0F,
                     out.data());
    });
    return 2.0 * chains * steps * threads * blocks / seconds;
}

}  // namespace cytofleet::bench
