// Radix selection: one pass for the range, then one per digit of 11 bits (a byte: one pass, 16
// bits: two, a float: three) that counts digits in shared memory among the values that a rank can
// still be. Bound by reading the frame once per pass: a 2048 x 2048 frame of 16 bits is 8 MB, 2 us
// at 4.8 TB/s and less from L2, a float frame 17 MB and 3.5 us; with about as much again for eight
// launches. Counts are integers: the order of atomics does not show.
#include "kernels/normalize/float_key.hpp"
#include "kernels/normalize/percentile_cuda.hpp"
#include "kernels/normalize/percentile_rule.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/require.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned block_size = 512;
constexpr unsigned most_blocks = 528;  // fills 132 multiprocessors
constexpr int at_once = 8;             // loads in flight per thread
constexpr int digit_bits = 11;
constexpr int most_passes = 3;
constexpr unsigned ranks = 4;  // two percentiles, each between two values
constexpr unsigned lanes = 32;

/// Numbers of `bits` bits in the order of the pixels' values.
template <class Pixel>
struct Keys {
    static constexpr int bits = 8 * static_cast<int>(sizeof(Pixel));
    __device__ static std::uint32_t of(Pixel value) { return value; }
    __device__ static float value(std::uint32_t key) { return static_cast<float>(key); }
};

template <>
struct Keys<float> {
    static constexpr int bits = 32;
    __device__ static std::uint32_t of(float value) { return float_key(value); }
    __device__ static float value(std::uint32_t key) { return float_of_key(key); }
};

/// What is known after each pass. Zeros before the first.
struct Selection {
    std::uint32_t largest;          ///< key of the plane
    std::uint32_t smallest_turned;  ///< all bits turned
    std::uint32_t tables;           ///< different prefixes; 0 stands for the 1 of the first pass
    std::uint32_t prefix[ranks];    ///< upper bits of the values that are still in question
    std::uint32_t table[ranks];     ///< for each rank, which prefix
    std::uint32_t rest[ranks];      ///< and how many values with that prefix lie before it
};

constexpr std::size_t counts_per_pass = std::size_t{ranks} << digit_bits;

struct Scratch {
    Selection selection;
    std::uint32_t counts[most_passes][counts_per_pass];
};

/// Pixels to visit: number i lies at i, or in row i / columns of those that are looked at.
struct Sample {
    std::int64_t count;
    std::int64_t columns;  ///< 0: all pixels
    std::int64_t row_step;
    std::int64_t column_step;
    __device__ std::int64_t place(std::int64_t i) const {
        return columns == 0 ? i : i / columns * row_step + i % columns * column_step;
    }
};

Sample all_of(Extent extent) {
    return {extent.pixels(), 0, 0, 0};
}

Sample some_of(Extent extent) {
    const FrameSample sample = sample_of(extent);
    if (sample.all) return all_of(extent);
    const std::int64_t rows = (extent.height + sample.step_y - 1) / sample.step_y;
    const std::int64_t columns = (extent.width + sample.step_x - 1) / sample.step_x;
    return {rows * columns, columns, sample.step_y * extent.width, sample.step_x};
}

unsigned blocks_of(const Sample& sample) {
    return std::min(most_blocks, blocks_for(sample.count, block_size * at_once));
}

/// Calls visit(pixel) for this thread's share.
template <class Pixel, class Visit>
__device__ void visit_pixels(const Pixel* frame, const Sample& sample, const Visit& visit) {
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t first = global_thread(); first < sample.count; first += at_once * stride) {
        Pixel pixels[at_once] = {};
        for (int k = 0; k < at_once; ++k)
            if (first + k * stride < sample.count)
                pixels[k] = frame[sample.place(first + k * stride)];
        for (int k = 0; k < at_once; ++k)
            if (first + k * stride < sample.count) visit(pixels[k]);
    }
}

template <class Pixel>
__global__ void __launch_bounds__(block_size, 2)
    measure_range(const Pixel* frame, Sample sample, Selection* out) {
    __shared__ std::uint32_t largest;
    __shared__ std::uint32_t smallest_turned;
    if (threadIdx.x == 0) largest = smallest_turned = 0;
    __syncthreads();
    std::uint32_t high = 0;
    std::uint32_t low_turned = 0;
    visit_pixels(frame, sample, [&](Pixel pixel) {
        const std::uint32_t key = Keys<Pixel>::of(pixel);
        high = max(high, key);
        low_turned = max(low_turned, ~key);
    });
    atomicMax(&largest, high);
    atomicMax(&smallest_turned, low_turned);
    __syncthreads();
    if (threadIdx.x != 0) return;
    atomicMax(&out->largest, largest);
    atomicMax(&out->smallest_turned, smallest_turned);
}

/// Counts the digits at bits shift .. shift + width - 1, a table per prefix.
template <class Pixel>
__global__ void __launch_bounds__(block_size, 2)
    count_digits(const Pixel* frame, Sample sample, int shift, int width,
                 const Selection* selection, std::uint32_t* counts) {
    auto* const mine = shared_memory<std::uint32_t>();
    const unsigned tables = max(1U, selection->tables);
    const unsigned size = tables << width;
    for (unsigned i = threadIdx.x; i < size; i += block_size) mine[i] = 0;
    std::uint32_t prefix[ranks];
    for (unsigned t = 0; t < ranks; ++t) prefix[t] = selection->prefix[t];
    const std::uint32_t mask = (1U << width) - 1;
    __syncthreads();
    visit_pixels(frame, sample, [&](Pixel pixel) {
        const std::uint64_t key = Keys<Pixel>::of(pixel);  // wide: all its bits can be shifted out
        const auto upper = static_cast<std::uint32_t>(key >> (shift + width));
        unsigned table = tables;
        for (unsigned t = 0; t < ranks; ++t)
            if (t < tables && upper == prefix[t]) table = t;
        if (table < tables)
            atomicAdd(mine + (table << width) + (static_cast<std::uint32_t>(key >> shift) & mask),
                      1U);
    });
    __syncthreads();
    for (unsigned i = threadIdx.x; i < size; i += block_size)
        if (mine[i] != 0) atomicAdd(counts + i, mine[i]);
}

struct FourRanksThere {
    std::uint32_t place[ranks];
};

/// One block, a warp per rank: finds the digit of the value with that rank.
__global__ void choose_digits(FourRanksThere asked, bool first, int width,
                              const std::uint32_t* counts, Selection* selection) {
    __shared__ std::uint32_t longer[ranks];
    __shared__ std::uint32_t rests[ranks];
    const unsigned rank = threadIdx.x / lanes;
    const unsigned lane = threadIdx.x % lanes;
    const unsigned table = selection->table[rank];
    const std::uint32_t rest = first ? asked.place[rank] : selection->rest[rank];
    const std::uint32_t* const mine = counts + (static_cast<std::size_t>(table) << width);
    const unsigned each = (1U << width) / lanes;
    std::uint32_t sum = 0;
    for (unsigned i = 0; i < each; ++i) sum += mine[lane * each + i];
    std::uint32_t through = sum;
    for (unsigned delta = 1; delta < lanes; delta *= 2) {
        const std::uint32_t before = __shfl_up_sync(0xffffffffU, through, delta);
        if (lane >= delta) through += before;
    }
    if (through - sum <= rest && rest < through) {
        std::uint32_t left = rest - (through - sum);
        unsigned digit = lane * each;
        while (left >= mine[digit]) left -= mine[digit++];
        longer[rank] = selection->prefix[table] << width | digit;
        rests[rank] = left;
    }
    __syncthreads();
    if (threadIdx.x != 0) return;
    unsigned tables = 0;
    for (unsigned i = 0; i < ranks; ++i) {
        unsigned same = 0;
        while (same < tables && selection->prefix[same] != longer[i]) ++same;
        if (same == tables) selection->prefix[tables++] = longer[i];
        selection->table[i] = same;
        selection->rest[i] = rests[i];
    }
    selection->tables = tables;
}

struct Weights {
    float low;
    float high;
};

template <class Pixel>
__global__ void conclude(const Selection* selection, Weights weights, FrameScale* out) {
    const auto value = [selection](unsigned rank) {
        return Keys<Pixel>::value(selection->prefix[selection->table[rank]]);
    };
    const float smallest = Keys<Pixel>::value(~selection->smallest_turned);
    const float largest = Keys<Pixel>::value(selection->largest);
    *out = FrameScale{};
    if (has_range(smallest, largest))  // a NaN would be one of them
        *out = scale_between(between_ranks(value(0), value(1), weights.low),
                             between_ranks(value(2), value(3), weights.high));
}

}  // namespace

std::size_t frame_scale_scratch_bytes() {
    return sizeof(Scratch);
}

template <class Pixel>
void frame_scale(Stream stream, const Pixel* frame, Extent extent, std::array<double, 2> percent,
                 void* scratch, FrameScale* out) {
    require(extent.height > 0 && extent.width > 0, "frame_scale: an empty frame");
    require(0 <= percent[0] && percent[0] < percent[1] && percent[1] <= 100,
            "frame_scale: percentages out of order");
    const Sample all = all_of(extent);
    const Sample some = some_of(extent);
    const Rank low = rank_of(some.count, percent[0]);
    const Rank high = rank_of(some.count, percent[1]);
    const auto narrow = [](std::int64_t rank) { return static_cast<std::uint32_t>(rank); };
    const FourRanksThere asked{
        {narrow(low.low), narrow(low.high), narrow(high.low), narrow(high.high)}};
    auto* const there = static_cast<Scratch*>(scratch);
    fill(stream, there, 0, sizeof(Scratch));
    launch(measure_range<Pixel>, dim3(blocks_of(all)), dim3(block_size), 0, stream, frame, all,
           &there->selection);
    int pass = 0;
    for (int bits = Keys<Pixel>::bits; bits > 0; ++pass) {
        const int width = std::min(bits, digit_bits);
        bits -= width;
        const std::size_t tables = pass == 0 ? 1 : ranks;
        launch(count_digits<Pixel>, dim3(blocks_of(some)), dim3(block_size),
               (tables << width) * sizeof(std::uint32_t), stream, frame, some, bits, width,
               &there->selection, there->counts[pass]);
        launch(choose_digits, dim3(1), dim3(ranks * lanes), 0, stream, asked, pass == 0, width,
               there->counts[pass], &there->selection);
    }
    launch(conclude<Pixel>, dim3(1), dim3(1), 0, stream, &there->selection,
           Weights{low.weight, high.weight}, out);
}

template void frame_scale<std::uint8_t>(Stream, const std::uint8_t*, Extent, std::array<double, 2>,
                                        void*, FrameScale*);
template void frame_scale<std::uint16_t>(Stream, const std::uint16_t*, Extent,
                                         std::array<double, 2>, void*, FrameScale*);
template void frame_scale<float>(Stream, const float*, Extent, std::array<double, 2>, void*,
                                 FrameScale*);

}  // namespace cytofleet::cuda
