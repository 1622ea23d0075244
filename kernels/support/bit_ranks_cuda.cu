// A scan in three launches: sums of chunks of 1024 words, a scan of the sums by one block, and the
// ranks. A frame of 4096 by 4096 has 2 MB of bits, read twice, and 2 MB of ranks: 1.3 us of memory
// time on an H200, so it is bound by its launches (about 2 us each).
#include "kernels/support/bit_ranks_cuda.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned per_thread = 4;
constexpr unsigned chunk = threads * per_thread;
constexpr unsigned all_lanes = 0xffffffffU;

/// Sum of `value` over the threads of the block before this one, and over all of them. `warps`:
/// shared memory, one number per warp.
__device__ std::uint32_t scan_block(std::uint32_t value, std::uint32_t* warps,
                                    std::uint32_t* total) {
    const unsigned lane = threadIdx.x % 32;
    const unsigned warp = threadIdx.x / 32;
    std::uint32_t sum = value;
    for (unsigned step = 1; step < 32; step *= 2) {
        const std::uint32_t other = __shfl_up_sync(all_lanes, sum, step);
        if (lane >= step) sum += other;
    }
    if (lane == 31) warps[warp] = sum;
    __syncthreads();
    std::uint32_t before = 0;
    std::uint32_t all = 0;
    for (unsigned i = 0; i < blockDim.x / 32; ++i) {
        if (i < warp) before += warps[i];
        all += warps[i];
    }
    __syncthreads();
    *total = all;
    return before + sum - value;
}

__global__ void count_chunks(const std::uint32_t* bits, std::int64_t words, std::uint32_t* sums) {
    __shared__ std::uint32_t warps[threads / 32];
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * chunk;
    std::uint32_t own = 0;
    for (unsigned i = threadIdx.x; i < chunk; i += threads)
        if (first + i < words) own += static_cast<std::uint32_t>(__popc(bits[first + i]));
    std::uint32_t total = 0;
    scan_block(own, warps, &total);
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

/// One block.
__global__ void scan_chunks(std::uint32_t* sums, std::int64_t chunks, std::uint32_t* total) {
    __shared__ std::uint32_t warps[threads / 32];
    std::uint32_t before = 0;
    for (std::int64_t first = 0; first < chunks; first += threads) {
        const std::int64_t i = first + threadIdx.x;
        const std::uint32_t own = i < chunks ? sums[i] : 0;
        std::uint32_t all = 0;
        const std::uint32_t here = scan_block(own, warps, &all);
        if (i < chunks) sums[i] = before + here;
        before += all;
    }
    if (threadIdx.x == 0) *total = before;
}

__global__ void rank_words(const std::uint32_t* bits, std::int64_t words, const std::uint32_t* sums,
                           std::uint32_t* ranks) {
    __shared__ std::uint32_t warps[threads / 32];
    const std::int64_t first =
        static_cast<std::int64_t>(blockIdx.x) * chunk + std::int64_t{threadIdx.x} * per_thread;
    std::uint32_t own[per_thread];
    std::uint32_t sum = 0;
    for (unsigned i = 0; i < per_thread; ++i) {
        own[i] = first + i < words ? static_cast<std::uint32_t>(__popc(bits[first + i])) : 0;
        sum += own[i];
    }
    std::uint32_t all = 0;
    std::uint32_t rank = sums[blockIdx.x] + scan_block(sum, warps, &all);
    for (unsigned i = 0; i < per_thread && first + i < words; ++i) {
        ranks[first + i] = rank;
        rank += own[i];
    }
}

}  // namespace

std::size_t bit_rank_sums(std::int64_t words) {
    return blocks_for(words, chunk);
}

void rank_bits(Stream stream, const std::uint32_t* bits, std::int64_t words, std::uint32_t* ranks,
               std::uint32_t* sums, std::uint32_t* total) {
    const unsigned chunks = blocks_for(words, chunk);
    launch(count_chunks, dim3(chunks), dim3(threads), 0, stream, bits, words, sums);
    launch(scan_chunks, dim3(1), dim3(threads), 0, stream, sums, chunks, total);
    launch(rank_words, dim3(chunks), dim3(threads), 0, stream, bits, words, sums, ranks);
}

}  // namespace cytofleet::cuda
