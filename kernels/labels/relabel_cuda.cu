// Bound by the memory of the frame: reading and writing its labels is 34 MB for 2048 by 2048, 7 us
// on an H200; the table of new names stays in L2. What goes with the number of labels, and the bits
// of the frame (0.5 MB), are bound by their launches. No sort: a label's first pixel is a bit of
// the frame, and its number the rank of that bit.
#include "kernels/labels/relabel_cuda.hpp"
#include "kernels/support/bit_ranks_cuda.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/scratch.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned all_lanes = 0xffffffffU;

struct Memory {
    Memory(ScratchLayout scratch, std::int64_t pixels, std::int64_t most)
        : frame_words(bit_words(pixels)), label_words(bit_words(most + 1)) {
        const std::int64_t words = frame_words > label_words ? frame_words : label_words;
        bits = scratch.take<std::uint32_t>(static_cast<std::size_t>(words));
        ranks = scratch.take<std::uint32_t>(static_cast<std::size_t>(words));
        sums = scratch.take<std::uint32_t>(bit_rank_sums(words));
        // NOLINTBEGIN(cppcoreguidelines-prefer-member-initializer): taken one after another
        total = scratch.take<std::uint32_t>(1);
        renamed = scratch.take<std::uint32_t>(static_cast<std::size_t>(most + 1));
        bytes = scratch.bytes();
        // NOLINTEND(cppcoreguidelines-prefer-member-initializer)
    }
    Memory(void* scratch, const LabelPlane& plane)
        : Memory(ScratchLayout(scratch), plane.pixels(), plane.most) {}
    std::int64_t frame_words;  ///< for a bit per pixel
    std::int64_t label_words;  ///< for a bit per label
    std::uint32_t* bits;
    std::uint32_t* ranks;
    std::uint32_t* sums;
    std::uint32_t* total;
    std::uint32_t* renamed;  ///< per label
    std::size_t bytes;
};

__device__ std::uint32_t rank_of(const std::uint32_t* bits, const std::uint32_t* ranks,
                                 std::uint32_t item) {
    const std::uint32_t below = (1U << (item % 32)) - 1;
    return ranks[item / 32] + static_cast<std::uint32_t>(__popc(bits[item / 32] & below));
}

__device__ bool is_set(const std::uint32_t* bits, std::uint32_t item) {
    return (bits[item / 32] >> (item % 32) & 1U) != 0;
}

/// A bit per label from `first` on that has pixels; writes all words.
__global__ void mark_present(const DeviceBox* boxes, const std::uint32_t* count, std::int64_t first,
                             std::int64_t words, std::uint32_t* bits) {
    const std::int64_t k = global_thread();
    const bool there = k >= first && k <= *count && boxes[k].size > 0;
    const unsigned word = __ballot_sync(all_lanes, there ? 1 : 0);
    if (threadIdx.x % 32 == 0 && k / 32 < words) bits[k / 32] = word;
}

/// A bit per pixel that is the first of a label not above the largest size.
__global__ void mark_not_large(const DeviceBox* boxes, const std::uint32_t* count,
                               double largest_size, std::uint32_t* bits) {
    const std::int64_t k = global_thread();
    if (k < 1 || k > *count || boxes[k].size == 0) return;
    if (static_cast<double>(boxes[k].size) > largest_size) return;
    const auto first = static_cast<std::uint32_t>(boxes[k].first);
    atomicOr(bits + first / 32, 1U << (first % 32));
}

/// erased[r] = 1 when the label at rank r >= 1 is small: Cellpose's rule.
__global__ void erase_by_rank(const DeviceBox* boxes, const std::uint32_t* count,
                              const std::uint32_t* bits, const std::uint32_t* ranks,
                              std::int64_t min_size, std::uint32_t* erased) {
    const std::int64_t k = global_thread();
    if (k > *count || boxes[k].size == 0) return;
    const std::uint32_t rank = rank_of(bits, ranks, static_cast<std::uint32_t>(k));
    if (rank > 0 && static_cast<std::int64_t>(boxes[k].size) < min_size) erased[rank] = 1;
}

/// A bit per pixel that is the first of a label that is not erased.
__global__ void mark_not_erased(const DeviceBox* boxes, const std::uint32_t* count,
                                const std::uint32_t* erased, std::uint32_t* bits) {
    const std::int64_t k = global_thread();
    if (k < 1 || k > *count || boxes[k].size == 0 || erased[k] != 0) return;
    const auto first = static_cast<std::uint32_t>(boxes[k].first);
    atomicOr(bits + first / 32, 1U << (first % 32));
}

__global__ void name_by_first(const DeviceBox* boxes, const std::uint32_t* count,
                              const std::uint32_t* bits, const std::uint32_t* ranks,
                              std::uint32_t* renamed) {
    const std::int64_t k = global_thread();
    if (k > *count) return;
    std::uint32_t name = 0;
    if (k > 0 && boxes[k].size > 0) {
        const auto first = static_cast<std::uint32_t>(boxes[k].first);
        if (is_set(bits, first)) name = rank_of(bits, ranks, first) + 1;
    }
    renamed[k] = name;
}

__global__ void name_by_rank(const std::uint32_t* count, const std::uint32_t* bits,
                             const std::uint32_t* ranks, std::uint32_t* renamed) {
    const std::int64_t k = global_thread();
    if (k > *count) return;
    const auto label = static_cast<std::uint32_t>(k);
    renamed[k] = is_set(bits, label) ? rank_of(bits, ranks, label) + 1 : 0;
}

__global__ void rename(std::uint32_t* labels, std::int64_t pixels, const std::uint32_t* renamed,
                       const std::uint32_t* total, std::uint32_t* count) {
    const std::int64_t at = global_thread();
    if (at == 0) *count = *total;
    if (at < pixels) labels[at] = renamed[labels[at]];
}

__global__ void erase(std::uint32_t* labels, std::int64_t pixels, const double* errors,
                      double threshold) {
    const std::int64_t at = global_thread();
    if (at >= pixels) return;
    const std::uint32_t label = labels[at];
    if (label > 0 && errors[label - 1] > threshold) labels[at] = 0;
}

dim3 per_label(const LabelPlane& plane) {
    return dim3(blocks_for(plane.most + 1, threads));
}

void rename_all(Stream stream, const LabelPlane& plane, const Memory& memory) {
    launch(rename, dim3(blocks_for(plane.pixels(), threads)), dim3(threads), 0, stream,
           plane.labels, plane.pixels(), memory.renamed, memory.total, plane.count);
}

/// Numbers the labels whose first pixel is a bit; the others become 0.
void number_by_first(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                     const Memory& memory) {
    rank_bits(stream, memory.bits, memory.frame_words, memory.ranks, memory.sums, memory.total);
    launch(name_by_first, per_label(plane), dim3(threads), 0, stream, boxes, plane.count,
           memory.bits, memory.ranks, memory.renamed);
    rename_all(stream, plane, memory);
}

void clear_frame_bits(Stream stream, const Memory& memory) {
    fill(stream, memory.bits, 0,
         static_cast<std::size_t>(memory.frame_words) * sizeof(std::uint32_t));
}

/// Bits and ranks of the labels from `first` on that have pixels.
void rank_labels(Stream stream, const LabelPlane& plane, const DeviceBox* boxes, std::int64_t first,
                 const Memory& memory) {
    launch(mark_present, per_label(plane), dim3(threads), 0, stream, boxes, plane.count, first,
           memory.label_words, memory.bits);
    rank_bits(stream, memory.bits, memory.label_words, memory.ranks, memory.sums, memory.total);
}

}  // namespace

std::size_t relabel_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most) {
    return Memory(ScratchLayout(), height * width, most).bytes;
}

void remove_large(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                  double largest_size, void* scratch) {
    const Memory memory(scratch, plane);
    clear_frame_bits(stream, memory);
    launch(mark_not_large, per_label(plane), dim3(threads), 0, stream, boxes, plane.count,
           largest_size, memory.bits);
    number_by_first(stream, plane, boxes, memory);
}

void remove_small(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                  std::int64_t min_size, void* scratch) {
    const Memory memory(scratch, plane);
    std::uint32_t* const erased = memory.renamed;  // until the names are made
    fill(stream, erased, 0, static_cast<std::size_t>(plane.most + 1) * sizeof(std::uint32_t));
    rank_labels(stream, plane, boxes, 0, memory);
    launch(erase_by_rank, per_label(plane), dim3(threads), 0, stream, boxes, plane.count,
           memory.bits, memory.ranks, min_size, erased);
    clear_frame_bits(stream, memory);
    launch(mark_not_erased, per_label(plane), dim3(threads), 0, stream, boxes, plane.count, erased,
           memory.bits);
    number_by_first(stream, plane, boxes, memory);
}

void close_gaps(Stream stream, const LabelPlane& plane, const DeviceBox* boxes, void* scratch) {
    const Memory memory(scratch, plane);
    rank_labels(stream, plane, boxes, 1, memory);
    launch(name_by_rank, per_label(plane), dim3(threads), 0, stream, plane.count, memory.bits,
           memory.ranks, memory.renamed);
    rename_all(stream, plane, memory);
}

void erase_wrong(Stream stream, const LabelPlane& plane, const double* errors, double threshold) {
    launch(erase, dim3(blocks_for(plane.pixels(), threads)), dim3(threads), 0, stream, plane.labels,
           plane.pixels(), errors, threshold);
}

}  // namespace cytofleet::cuda
