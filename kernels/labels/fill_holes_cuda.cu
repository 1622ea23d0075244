// A block per label floods the label's box from its border, in bits. A box of 50 by 50 is read once
// (10 KB) and flooded in about ten rounds of two barriers, some 5 us of latency; 16 blocks share an
// SM, so 2,000 labels take about 10 us on an H200. Boxes that do not fit into shared memory are
// flooded in the L2 by a few blocks of 1024 threads: 0.5 ms for one of 2048 by 2048.
//
// The CPU twin does the labels one after another. Here all are done side by side but those with
// another label in a hole, whose outcome can depend on the order; that gives the same:
//
// A hole of background alone belongs to one label, since only that label touches it.
//
// Losing pixels to another label K gives no label a hole that it has not had: what it lost hangs
// together with pixels of K around, which were never its own. So only labels that have holes at the
// beginning have a turn.
//
// If K takes a hole of background, then with it all pixels of its label around, whether or not that
// label has filled it before; and the rest of the label does not enclose them, or K would have been
// in a hole of it.
#include "kernels/labels/fill_holes_cuda.hpp"
#include "kernels/labels/relabel_cuda.hpp"
#include "kernels/labels/spread_bits.hpp"
#include "kernels/support/bit_ranks_cuda.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/scratch.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned all_lanes = 0xffffffffU;
constexpr unsigned small_threads = 128;
constexpr unsigned large_threads = 1024;
constexpr int small_words = 2048;  // a box of so many words of 32 pixels fits shared memory
constexpr std::int64_t most_blocks = 2112;  // 16 on each SM of an H200
constexpr int tile_rows = 8;                // of one word; what a thread floods at a time
constexpr std::size_t small_shared = 2 * small_words * sizeof(std::uint32_t);

/// Where the large boxes are flooded: `slots` times two planes of `words`.
struct Slots {
    std::uint32_t* memory;
    std::int64_t words;
    unsigned slots;
};

/// Labels that this kernel leaves to a later one.
struct Waiting {
    std::uint32_t* large;         ///< those whose boxes are large, in any order
    std::uint32_t* large_number;  ///< how many
    std::uint32_t* mixed;         ///< a bit per label with another one in a hole
    std::uint32_t* any_mixed;
};

struct Memory {
    Memory(ScratchLayout scratch, std::int64_t height, std::int64_t width, std::int64_t most)
        : mixed_words(bit_words(most + 1)) {
        constexpr std::int64_t wanted = std::int64_t{64} << 20;
        slots.words = height * bit_words(width);
        const std::int64_t fit =
            wanted / static_cast<std::int64_t>(2 * sizeof(std::uint32_t)) / slots.words;
        slots.slots = static_cast<unsigned>(fit < 1 ? 1 : (fit > 8 ? 8 : fit));
        slots.memory =
            scratch.take<std::uint32_t>(2 * slots.slots * static_cast<std::size_t>(slots.words));
        waiting.large = scratch.take<std::uint32_t>(static_cast<std::size_t>(most));
        waiting.mixed = scratch.take<std::uint32_t>(static_cast<std::size_t>(mixed_words));
        // NOLINTBEGIN(cppcoreguidelines-prefer-member-initializer): taken one after another
        numbers = scratch.take<std::uint32_t>(2);
        waiting.large_number = numbers;
        waiting.any_mixed = numbers == nullptr ? nullptr : numbers + 1;
        relabel = scratch.take<std::byte>(relabel_scratch_bytes(height, width, most));
        bytes = scratch.bytes();
        // NOLINTEND(cppcoreguidelines-prefer-member-initializer)
    }
    Slots slots;
    Waiting waiting;
    std::int64_t mixed_words;
    std::uint32_t* numbers;
    std::byte* relabel;
    std::size_t bytes;
};

/// A box as bits, a row of words per row.
struct Flood {
    std::uint32_t* open;     ///< pixels that are not the label
    std::uint32_t* outside;  ///< those joined to the border
    int rows;
    int columns;
    int words;            ///< per row
    std::int64_t corner;  ///< index of the box's first pixel
    std::int64_t width;   ///< of the frame
    __device__ int size() const { return rows * words; }
};

__device__ Flood flood_of(const DeviceBox& box, std::int64_t width) {
    const int columns = box.right - box.left + 1;
    return {nullptr,
            nullptr,
            box.bottom - box.top + 1,
            columns,
            (columns + 31) / 32,
            box.top * width + box.left,
            width};
}

__device__ bool may_have_hole(const DeviceBox& box) {
    return box.size > 0 && box.bottom - box.top >= 2 && box.right - box.left >= 2;
}

__device__ std::uint32_t border_of(const Flood& flood, int row, int word) {
    if (row == 0 || row == flood.rows - 1) return 0xffffffffU;
    return (word == 0 ? 1U : 0U) |
           (word == flood.words - 1 ? 1U << ((flood.columns - 1) % 32) : 0U);
}

/// Calls visit(word, pixel) with the lanes of a warp for 32 pixels of every word of the box, the
/// pixel's index in the frame being negative beyond the box.
template <typename Visit>
__device__ void for_each_word(const Flood& flood, Visit visit) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    for (int i = static_cast<int>(threadIdx.x / 32); i < flood.size();
         i += static_cast<int>(blockDim.x / 32)) {
        const int column = i % flood.words * 32 + lane;
        visit(i, column < flood.columns ? flood.corner + i / flood.words * flood.width + column
                                        : std::int64_t{-1});
    }
}

__device__ void begin_flood(const Flood& flood, const std::uint32_t* labels, std::uint32_t label) {
    for_each_word(flood, [&](int i, std::int64_t pixel) {
        const bool other = pixel >= 0 && labels[pixel] != label;
        const std::uint32_t open = __ballot_sync(all_lanes, other ? 1 : 0);
        if (threadIdx.x % 32 != 0) return;
        flood.open[i] = open;
        flood.outside[i] = spread_in_word(border_of(flood, i / flood.words, i % flood.words), open);
    });
}

__device__ bool flood_word(const Flood& flood, int row, int word, int from) {
    const int i = row * flood.words + word;
    const std::uint32_t before = flood.outside[i];
    std::uint32_t seed = before;
    if (from >= 0 && from < flood.rows) seed |= flood.outside[from * flood.words + word];
    if (word > 0) seed |= flood.outside[i - 1] >> 31;
    if (word + 1 < flood.words) seed |= flood.outside[i + 1] << 31;
    seed &= flood.open[i];
    if (seed == before) return false;
    flood.outside[i] = spread_in_word(seed, flood.open[i]);
    return true;
}

/// Floods the tiles of one colour of a chessboard: they touch none of their own colour, so what a
/// thread reads nobody writes.
__device__ bool flood_tiles(const Flood& flood, int colour) {
    bool grew = false;
    const int tiles = (flood.rows + tile_rows - 1) / tile_rows * flood.words;
    for (int tile = static_cast<int>(threadIdx.x); tile < tiles;
         tile += static_cast<int>(blockDim.x)) {
        const int word = tile % flood.words;
        const int top = tile / flood.words * tile_rows;
        if ((tile / flood.words + word) % 2 != colour) continue;
        const int bottom = min(top + tile_rows, flood.rows) - 1;
        for (int row = top; row <= bottom; ++row)
            grew = flood_word(flood, row, word, row - 1) || grew;
        for (int row = bottom; row >= top; --row)
            grew = flood_word(flood, row, word, row + 1) || grew;
    }
    return grew;
}

/// Whether the label has a hole; for all threads of the block.
__device__ bool find_holes(const Flood& flood, const std::uint32_t* labels, std::uint32_t label) {
    begin_flood(flood, labels, label);
    __syncthreads();
    bool grew = true;
    while (grew) {
        const bool first = flood_tiles(flood, 0);
        __syncthreads();
        const bool second = flood_tiles(flood, 1);
        grew = __syncthreads_or(first || second ? 1 : 0) != 0;
    }
    bool found = false;
    for (int i = static_cast<int>(threadIdx.x); i < flood.size(); i += static_cast<int>(blockDim.x))
        found = found || flood.open[i] != flood.outside[i];
    return __syncthreads_or(found ? 1 : 0) != 0;
}

/// Calls visit(pixel) for every pixel in a hole.
template <typename Visit>
__device__ void for_each_hole(const Flood& flood, Visit visit) {
    for_each_word(flood, [&](int i, std::int64_t pixel) {
        const std::uint32_t hole = flood.open[i] & ~flood.outside[i];
        if ((hole >> (threadIdx.x % 32) & 1U) != 0) visit(pixel);
    });
}

/// Fills the holes of a label unless there is another label in them.
__device__ void fill_or_wait(const Flood& flood, std::uint32_t* labels, std::uint32_t label,
                             const Waiting& waiting) {
    if (!find_holes(flood, labels, label)) return;
    bool mixed = false;
    // Another block may be filling a hole beside a label that this one finds here: by what is said
    // on top the label itself is here too, so the answer is the same.
    for_each_hole(flood, [&](std::int64_t pixel) { mixed = mixed || labels[pixel] != 0; });
    if (__syncthreads_or(mixed ? 1 : 0) != 0) {
        if (threadIdx.x != 0) return;
        atomicOr(waiting.mixed + label / 32, 1U << (label % 32));
        atomicOr(waiting.any_mixed, 1U);
        return;
    }
    for_each_hole(flood, [&](std::int64_t pixel) { labels[pixel] = label; });
}

__device__ void use_slot(Flood& flood, const Slots& slots, unsigned slot) {
    flood.open = slots.memory + std::int64_t{slot} * 2 * slots.words;
    flood.outside = flood.open + slots.words;
}

__device__ void use_shared(Flood& flood) {
    flood.open = shared_memory<std::uint32_t>();
    flood.outside = flood.open + small_words;
}

__global__ void __launch_bounds__(small_threads)
    fill_small(std::uint32_t* labels, std::int64_t width, const DeviceBox* boxes,
               const std::uint32_t* count, Waiting waiting) {
    for (std::uint32_t k = 1 + blockIdx.x; k <= *count; k += gridDim.x) {
        const DeviceBox box = boxes[k];
        if (!may_have_hole(box)) continue;
        Flood flood = flood_of(box, width);
        if (flood.size() > small_words) {
            if (threadIdx.x == 0) waiting.large[atomicAdd(waiting.large_number, 1U)] = k;
            continue;
        }
        use_shared(flood);
        fill_or_wait(flood, labels, k, waiting);
        __syncthreads();
    }
}

__global__ void __launch_bounds__(large_threads)
    fill_large(std::uint32_t* labels, std::int64_t width, const DeviceBox* boxes, Slots slots,
               Waiting waiting) {
    for (std::uint32_t i = blockIdx.x; i < *waiting.large_number; i += gridDim.x) {
        const std::uint32_t k = waiting.large[i];
        Flood flood = flood_of(boxes[k], width);
        use_slot(flood, slots, blockIdx.x);
        fill_or_wait(flood, labels, k, waiting);
        __syncthreads();
    }
}

/// One block: the labels left, in ascending order.
__global__ void __launch_bounds__(large_threads)
    fill_mixed(std::uint32_t* labels, std::int64_t width, const DeviceBox* boxes,
               const std::uint32_t* count, Slots slots, Waiting waiting) {
    if (*waiting.any_mixed == 0) return;
    for (std::uint32_t word = 0; word <= *count / 32; ++word)
        for (std::uint32_t left = waiting.mixed[word]; left != 0; left &= left - 1) {
            const std::uint32_t k =
                32 * word + static_cast<std::uint32_t>(__ffs(static_cast<int>(left))) - 1;
            Flood flood = flood_of(boxes[k], width);
            if (flood.size() > small_words)
                use_slot(flood, slots, 0);
            else
                use_shared(flood);
            if (find_holes(flood, labels, k))
                for_each_hole(flood, [&](std::int64_t pixel) { labels[pixel] = k; });
            __syncthreads();
        }
}

}  // namespace

std::size_t fill_holes_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most) {
    return Memory(ScratchLayout(), height, width, most).bytes;
}

void fill_holes(Stream stream, const LabelPlane& plane, const DeviceBox* boxes, void* scratch) {
    const Memory memory(ScratchLayout(scratch), plane.height, plane.width, plane.most);
    fill(stream, memory.waiting.mixed, 0,
         static_cast<std::size_t>(memory.mixed_words) * sizeof(std::uint32_t));
    fill(stream, memory.numbers, 0, 2 * sizeof(std::uint32_t));
    const auto blocks = static_cast<unsigned>(plane.most < 1             ? 1
                                              : plane.most > most_blocks ? most_blocks
                                                                         : plane.most);
    launch(fill_small, dim3(blocks), dim3(small_threads), small_shared, stream, plane.labels,
           plane.width, boxes, plane.count, memory.waiting);
    launch(fill_large, dim3(memory.slots.slots), dim3(large_threads), 0, stream, plane.labels,
           plane.width, boxes, memory.slots, memory.waiting);
    launch(fill_mixed, dim3(1), dim3(large_threads), small_shared, stream, plane.labels,
           plane.width, boxes, plane.count, memory.slots, memory.waiting);
    close_gaps(stream, plane, boxes, memory.relabel);
}

}  // namespace cytofleet::cuda
