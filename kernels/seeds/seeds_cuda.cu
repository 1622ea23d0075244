// Marking reads every bin once (17 MB for 2048 by 2048: 4 us on an H200) and its 24 neighbours only
// where more than 10 points end; a seed's growth reads 121 bins. Everything else goes with the
// number of seeds n: ranks by counting, n * n / 2 comparisons (2,000 seeds: 12 us, bound by the
// latency of one thread's loop; 66,049 seeds: about 1 ms of 132 SMs' issue), and for the cpu
// variant the splits of std::sort, 2 n dependent steps of the longest chain (2,000 seeds: 0.2 ms).
#include <algorithm>

#include "kernels/seeds/seeds_cuda.hpp"
#include "kernels/seeds/tie_order.hpp"
#include "kernels/support/bit_ranks_cuda.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/scratch.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned all_lanes = 0xffffffffU;
constexpr std::int64_t reach = seed_reach;
constexpr unsigned window = 2 * seed_reach + 1;
constexpr unsigned most_grow_blocks = 2112;  // 16 on each SM of an H200
/// Ranges of more than 16 seeds that at most 32767 seeds fall into.
constexpr std::size_t most_ranges = stable_sort_from / (largest_undisturbed + 1) + 1;

struct Bins {
    const std::uint32_t* count;
    std::int64_t height;
    std::int64_t width;
};

Bins bins_of(const std::uint32_t* counts, std::int64_t height, std::int64_t width) {
    return {counts, height + 2 * end_bin_pad, width + 2 * end_bin_pad};
}

struct Memory {
    Memory(ScratchLayout scratch, std::int64_t bins, std::int64_t most)
        : words(bit_words(bins)),
          bits(scratch.take<std::uint32_t>(static_cast<std::size_t>(words))),
          ranks(scratch.take<std::uint32_t>(static_cast<std::size_t>(words))),
          sums(scratch.take<std::uint32_t>(bit_rank_sums(words))),
          listed(scratch.take<Seed>(static_cast<std::size_t>(most))),
          ranges(scratch.take<SeedRange>(2 * most_ranges)),
          bytes(scratch.bytes()) {}
    std::int64_t words;
    std::uint32_t* bits;
    std::uint32_t* ranks;
    std::uint32_t* sums;
    Seed* listed;
    SeedRange* ranges;
    std::size_t bytes;
};

__device__ bool is_highest(const Bins& bins, std::int64_t bin, std::uint32_t here) {
    const std::int64_t y = bin / bins.width;
    const std::int64_t x = bin % bins.width;
    for (std::int64_t j = y - seed_radius; j <= y + seed_radius; ++j) {
        if (j < 0 || j >= bins.height) continue;
        for (std::int64_t i = x - seed_radius; i <= x + seed_radius; ++i)
            if (i >= 0 && i < bins.width && bins.count[j * bins.width + i] > here) return false;
    }
    return true;
}

/// A bit per bin.
__global__ void mark_seeds(Bins bins, std::uint32_t* bits) {
    const std::int64_t bin = global_thread();
    bool seed = false;
    if (bin < bins.height * bins.width) {
        const std::uint32_t here = bins.count[bin];
        seed = here > more_than_for_seed && is_highest(bins, bin, here);
    }
    const unsigned word = __ballot_sync(all_lanes, seed ? 1 : 0);
    if (threadIdx.x % 32 == 0 && bin < bins.height * bins.width) bits[bin / 32] = word;
}

/// The seeds in raster order.
__global__ void list_seeds(Bins bins, const std::uint32_t* bits, const std::uint32_t* ranks,
                           std::int64_t words, Seed* seeds) {
    const std::int64_t word = global_thread();
    if (word >= words) return;
    std::uint32_t at = ranks[word];
    for (std::uint32_t left = bits[word]; left != 0; left &= left - 1) {
        const std::int64_t bin = 32 * word + __ffs(static_cast<int>(left)) - 1;
        seeds[at++] = {bins.count[bin], static_cast<std::uint32_t>(bin)};
    }
}

/// One block. The ranges of one depth are done side by side, neighbours by different warps.
__global__ void disturb_ties(Seed* seeds, const std::uint32_t* found, SeedRange* ranges) {
    __shared__ unsigned made;
    const std::uint32_t count = *found;
    if (count <= largest_undisturbed || count >= stable_sort_from) return;
    const unsigned warps = blockDim.x / 32;
    const unsigned first = threadIdx.x % 32 * warps + threadIdx.x / 32;
    SeedRange* now = ranges;
    SeedRange* later = ranges + most_ranges;
    if (threadIdx.x == 0) now[0] = {0, count};
    unsigned number = 1;
    for (int splits_left = splits_allowed(count); number > 0; --splits_left) {
        if (threadIdx.x == 0) made = 0;
        __syncthreads();
        for (unsigned i = first; i < number; i += blockDim.x) {
            SeedRange next[2];
            const unsigned more = disturb_range(seeds, now[i], splits_left, next);
            for (unsigned k = 0; k < more; ++k) later[atomicAdd(&made, 1U)] = next[k];
        }
        __syncthreads();
        number = made;
        SeedRange* const done = now;
        now = later;
        later = done;
        __syncthreads();
    }
}

/// A stable sort by count: every seed counts those that come before it.
__global__ void sort_seeds(const Seed* listed, const std::uint32_t* found, Seed* sorted) {
    const std::int64_t self = global_thread();
    const std::uint32_t count = *found;
    if (self >= count) return;
    const Seed own = listed[self];
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t other = __ldg(&listed[i].count);
        before += other < own.count || (other == own.count && i < self) ? 1 : 0;
    }
    sorted[before] = own;
}

/// A warp per seed; lane j holds row j of its window as bits.
__global__ void grow(Bins bins, const Seed* seeds, const std::uint32_t* found,
                     std::uint32_t* labels, std::uint32_t* at_edge) {
    const unsigned lane = threadIdx.x % 32;
    const auto warps = static_cast<std::uint32_t>(gridDim.x * (threads / 32));
    const std::uint32_t count = *found;
    for (std::uint32_t k = blockIdx.x * (threads / 32) + threadIdx.x / 32; k < count; k += warps) {
        const std::int64_t y = seeds[k].bin / bins.width;
        const std::int64_t x = seeds[k].bin % bins.width;
        if (y < reach || x < reach || y + reach >= bins.height || x + reach >= bins.width) {
            if (lane == 0) atomicOr(at_edge, 1U);
            continue;
        }
        const std::int64_t corner = (y - reach) * bins.width + x - reach;
        unsigned open = 0;
        for (unsigned j = 0; j < window; ++j) {
            const bool in =
                lane < window && bins.count[corner + j * bins.width + lane] > more_than_to_grow;
            const unsigned row = __ballot_sync(all_lanes, in ? 1 : 0);
            if (lane == j) open = row;
        }
        unsigned grown = lane == reach ? 1U << reach : 0;
        for (std::int64_t step = 0; step < reach; ++step) {
            const unsigned wide = grown | grown << 1 | grown >> 1;
            // Lanes beyond the window hold nothing; lane 0 gets its own row once more.
            const unsigned above = __shfl_up_sync(all_lanes, wide, 1);
            const unsigned below = __shfl_down_sync(all_lanes, wide, 1);
            grown = (wide | above | below) & open;
        }
        for (unsigned j = 0; j < window; ++j) {
            const unsigned row = __shfl_sync(all_lanes, grown, static_cast<int>(j));
            if ((row >> lane & 1U) != 0) atomicMax(labels + corner + j * bins.width + lane, k + 1);
        }
    }
}

}  // namespace

std::size_t find_seeds_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most) {
    const Bins bins = bins_of(nullptr, height, width);
    return Memory(ScratchLayout(), bins.height * bins.width, most).bytes;
}

void find_seeds(Stream stream, const std::uint32_t* counts, std::int64_t height, std::int64_t width,
                Variant variant, std::int64_t most, Seed* seeds, std::uint32_t* found,
                void* scratch) {
    const Bins bins = bins_of(counts, height, width);
    const Memory memory(ScratchLayout(scratch), bins.height * bins.width, most);
    launch(mark_seeds, dim3(blocks_for(bins.height * bins.width, threads)), dim3(threads), 0,
           stream, bins, memory.bits);
    rank_bits(stream, memory.bits, memory.words, memory.ranks, memory.sums, found);
    launch(list_seeds, dim3(blocks_for(memory.words, threads)), dim3(threads), 0, stream, bins,
           memory.bits, memory.ranks, memory.words, memory.listed);
    if (variant == Variant::cpu)
        launch(disturb_ties, dim3(1), dim3(threads), 0, stream, memory.listed, found,
               memory.ranges);
    constexpr unsigned small_block = 64;  // so that few seeds spread over many SMs
    launch(sort_seeds, dim3(blocks_for(most, small_block)), dim3(small_block), 0, stream,
           memory.listed, found, seeds);
}

void grow_seeds(Stream stream, const std::uint32_t* counts, std::int64_t height, std::int64_t width,
                const Seed* seeds, const std::uint32_t* found, std::int64_t most,
                std::uint32_t* bin_labels, std::uint32_t* at_edge) {
    const Bins bins = bins_of(counts, height, width);
    fill(stream, bin_labels, 0,
         static_cast<std::size_t>(bins.height * bins.width) * sizeof(std::uint32_t));
    const unsigned blocks = std::min(blocks_for(32 * most, threads), most_grow_blocks);
    launch(grow, dim3(blocks), dim3(threads), 0, stream, bins, seeds, found, bin_labels, at_edge);
}

}  // namespace cytofleet::cuda
