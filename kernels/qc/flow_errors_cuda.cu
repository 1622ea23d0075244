// A block per label lets heat flow in its box, then a block per label adds up the errors.
//
// What bounds it, for 2,000 cells 30 pixels wide on an H200: 136 steps of 900 pixels each are 245 M
// updates. Each has 8 additions and 1 (cpu variant) or 3 more fp64 instructions: 2.2 to 2.7 G at
// 17 T/s, 0.13 to 0.16 ms. A thread walks down a strip of a column and keeps the rows above in
// registers, so an update reads 3 * 10/8 values and writes one: 38 bytes of shared memory, 9.3 GB
// at 29 TB/s, 0.33 ms. With 6 blocks of 128 threads on a multiprocessor (80 registers, no spills,
// 22 KB, one barrier per step) 2,000 blocks are 3 rounds: 0.5 to 0.8 ms are expected (not
// measured). The errors: 900 pairs of ordered fp64 additions of about 8 cycles per label, all
// labels at once, 10 us. Zeroing, writing and reading the frame's heat: 100 MB, 25 us.
//
// Labels whose box does not fit into shared memory do the same in two frames of global memory,
// which L1 and L2 hold: 512 threads and still one block per label, so one multiprocessor's fp64
// rate (110 G/s) is the bound: about 10 ms for a label of 300 x 300 pixels. Larger ones have 8
// blocks that meet in L2 after each step: 1000 x 1000 pixels, 4,000 steps of 1 M updates, take 50
// ms of arithmetic and about 10 ms of meeting instead of 0.4 s. Nobody looks whether their heat
// still changes.
#include <limits>

#include "kernels/qc/error_math.hpp"
#include "kernels/qc/flow_errors_cuda.hpp"
#include "kernels/qc/label_heat.cuh"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {
namespace {

using label_heat::BoxHeat;
using label_heat::Frame;
using label_heat::FrameHeat;
using label_heat::Label;
using label_heat::Pixel;
using label_heat::SizeClass;
using label_heat::Strip;
using label_heat::Strips;

constexpr unsigned sum_threads = 128;
constexpr unsigned sum_chunk = 4 * sum_threads;  // pixels whose errors are in shared memory at once

// Blocks take label after label, so that there need not be a block for each.
constexpr SizeClass small_boxes{0, 36 * 36, 128, 4096};
constexpr SizeClass medium_boxes{36 * 36, 60 * 60, 256, 1024};  // 62 KB: every device has them
constexpr SizeClass large_boxes{60 * 60, 300 * 300, label_heat::most_threads, 264};
constexpr SizeClass huge_boxes{300 * 300, std::numeric_limits<std::int64_t>::max(),
                               label_heat::most_threads, 128};
constexpr unsigned gang_blocks = 8;  // that share a huge label
constexpr unsigned arrivals_at = 8;  // where in the head of the scratch memory they count

/// Strips of a box, each with its pixels inside the label as 32 bits or less. Boxes of one row have
/// the most strips for their size: a third of their pixels, margins included.
constexpr std::int64_t most_strips(const SizeClass& size) {
    return size.capacity / 3 > size.threads ? size.capacity / 3 : size.threads;
}

template <Variant variant>
__device__ std::int64_t steps_of(const Label& label, const std::uint32_t* extent) {
    return variant == Variant::cpu ? diffusion_steps(label.height, label.width)
                                   : 2 * std::int64_t{*extent};
}

/// Labels whose box fits into shared memory.
template <typename Real, Variant variant>
__global__ void __launch_bounds__(medium_boxes.threads, 2)
    diffuse_box(Frame frame, SizeClass size, const std::uint32_t* extent, Real* field) {
    Real* const room = shared_memory<Real>();
    auto* const masks = reinterpret_cast<std::uint32_t*>(room + 2 * size.capacity);
    for (std::uint32_t number = blockIdx.x + 1; number <= *frame.largest; number += gridDim.x) {
        const Label label(frame, number);
        if (!label.belongs_to(size)) continue;
        const Strips strips(label, 32, label_heat::block_team());
        BoxHeat<Real> heat{room, room + size.capacity, masks, label.width + 2};
        const std::int32_t pixels = (label.height + 2) * heat.stride;
        for (auto i = static_cast<std::int32_t>(threadIdx.x); i < pixels;
             i += static_cast<std::int32_t>(blockDim.x)) {
            heat.from[i] = Real{0};
            heat.to[i] = Real{0};
        }
        strips.visit_mine([&](std::int32_t strip_number, const Strip& strip) {
            std::uint32_t mask = 0;
            for (std::int32_t y = strip.begin; y < strip.end; ++y)
                if (frame.holds(label.top + y, label.left + strip.x, number))
                    mask |= 1U << (y - strip.begin);
            masks[strip_number] = mask;
        });
        const Pixel source =
            label_heat::middle_of(frame, label, strips, variant == Variant::cpu ? 1 : 0);
        if (threadIdx.x == 0) heat.from[heat.at(source.y, source.x)] = Real{1};
        __syncthreads();
        label_heat::run<variant>(heat, strips, source, steps_of<variant>(label, extent));
        label_heat::visit_pixels(frame, label, strips, [&](std::int32_t y, std::int32_t x) {
            field[frame.in_field(label.top + y, label.left + x)] = heat.read(y, x);
        });
        __syncthreads();
    }
}

/// Labels whose box does not. `field` is zero before; `other` need not be.
template <typename Real, Variant variant>
__global__ void __launch_bounds__(large_boxes.threads, 1)
    diffuse_frame(Frame frame, SizeClass size, const std::uint32_t* extent, Real* field,
                  Real* other) {
    for (std::uint32_t number = blockIdx.x + 1; number <= *frame.largest; number += gridDim.x) {
        const Label label(frame, number);
        if (!label.belongs_to(size)) continue;
        const Strips strips(label, label.height, label_heat::block_team());
        const Pixel source =
            label_heat::middle_of(frame, label, strips, variant == Variant::cpu ? 1 : 0);
        FrameHeat<Real, false> heat(frame, label, field, other);
        Real* const result = heat.from;
        if (threadIdx.x == 0) heat.from[heat.at(source.y, source.x)] = Real{1};
        __syncthreads();
        label_heat::run<variant>(heat, strips, source, steps_of<variant>(label, extent));
        label_heat::bring_to(result, heat, frame, label, strips);
    }
}

/// Labels too large for one block to be quick: gangs of blocks that all run at the same time, and
/// meet after every step. `arrivals`: one number per gang, zero before.
template <typename Real, Variant variant>
__global__ void __launch_bounds__(huge_boxes.threads, 1)
    diffuse_together(Frame frame, SizeClass size, const std::uint32_t* extent, Real* field,
                     Real* other, unsigned* arrivals) {
    const unsigned gangs = gridDim.x / gang_blocks;
    const unsigned gang = blockIdx.x / gang_blocks;
    const label_heat::Team team{
        static_cast<std::int32_t>(blockIdx.x % gang_blocks * blockDim.x + threadIdx.x),
        static_cast<std::int32_t>(gang_blocks * blockDim.x)};
    unsigned meetings = 0;
    const auto meet = [&] { gang_barrier(arrivals + gang, gang_blocks, meetings); };
    unsigned found = 0;
    for (std::uint32_t first = 1; first <= *frame.largest; first += blockDim.x) {
        // Mostly there is none: a look at many labels at once.
        const std::uint32_t mine = first + threadIdx.x;
        const bool any = mine <= *frame.largest && Label(frame, mine).belongs_to(size);
        if (__syncthreads_or(any ? 1 : 0) == 0) continue;
        for (std::uint32_t number = first; number < first + blockDim.x; ++number) {
            if (number > *frame.largest) break;
            const Label label(frame, number);
            if (!label.belongs_to(size) || found++ % gangs != gang) continue;
            const Strips all(label, label.height, label_heat::block_team());
            const Pixel source =
                label_heat::middle_of(frame, label, all, variant == Variant::cpu ? 1 : 0);
            const Strips strips(label, label.height, team);
            FrameHeat<Real, true> heat(frame, label, field, other);
            Real* const result = heat.from;
            if (team.mine == 0) heat.from[heat.at(source.y, source.x)] = Real{1};
            meet();
            const std::int64_t steps = steps_of<variant>(label, extent);
            for (std::int64_t step = 1; step <= steps; ++step) {
                label_heat::spread_all<variant, false>(heat, strips,
                                                       step == steps ? Pixel{-1, -1} : source);
                label_heat::turn(heat);
                meet();
            }
            label_heat::bring_to(result, heat, frame, label, strips);
        }
    }
}

/// The largest extent of a box; *extent is zero before.
__global__ void largest_extent(Frame frame, std::uint32_t* extent) {
    const std::int64_t number = global_thread() + 1;
    if (number > *frame.largest) return;
    const Label label(frame, static_cast<std::uint32_t>(number));
    if (label.size > 0)
        atomicMax(extent, static_cast<std::uint32_t>(box_extent(label.height, label.width)));
}

/// The error of pixel (y, x), in coordinates of the frame; zero outside the label.
template <typename Real, Variant variant>
__device__ ErrorTerm error_at(const Frame& frame, std::uint32_t label, const float* flows,
                              const Real* field, std::int64_t y, std::int64_t x) {
    if (!frame.holds(y, x, label)) return {};
    const auto heat = [&](std::int64_t row, std::int64_t column) {
        if (variant == Variant::cpu && !frame.holds(row, column, label)) return Real{0};
        return field[frame.in_field(row, column)];
    };
    const std::int64_t at = y * frame.width + x;
    return error_term(heat(y - 1, x), heat(y + 1, x), heat(y, x - 1), heat(y, x + 1), flows[at],
                      flows[frame.height * frame.width + at]);
}

/// Adds the errors in raster order: the threads compute those of a chunk of the box, two of them
/// add. Pixels outside add zero, which changes no sum.
template <typename Real, Variant variant>
__global__ void __launch_bounds__(sum_threads)
    sum_errors(Frame frame, std::uint32_t most, const float* flows, const Real* field,
               double* errors) {
    __shared__ double terms[2][sum_chunk];
    for (std::uint32_t number = blockIdx.x + 1; number <= most; number += gridDim.x) {
        if (number > *frame.largest || frame.boxes[number].size == 0) {
            if (threadIdx.x == 0) errors[number - 1] = std::numeric_limits<double>::quiet_NaN();
            continue;
        }
        const Label label(frame, number);
        const std::int64_t pixels = std::int64_t{label.height} * label.width;
        double sum = 0;
        for (std::int64_t first = 0; first < pixels; first += sum_chunk) {
            for (unsigned i = threadIdx.x; i < sum_chunk; i += sum_threads) {
                const std::int64_t at = first + i;
                ErrorTerm term;
                if (at < pixels)
                    term = error_at<Real, variant>(frame, number, flows, field,
                                                   label.top + at / label.width,
                                                   label.left + at % label.width);
                terms[0][i] = term.y;
                terms[1][i] = term.x;
            }
            __syncthreads();
            if (threadIdx.x < 2)
                for (unsigned i = 0; i < sum_chunk; ++i) sum += terms[threadIdx.x][i];
            __syncthreads();
        }
        const auto size = static_cast<double>(label.size);
        if (threadIdx.x < 2) terms[threadIdx.x][0] = sum / size;
        __syncthreads();
        if (threadIdx.x == 0) errors[number - 1] = terms[0][0] + terms[1][0];
        __syncthreads();
    }
}

/// Whether the frame is as large as a huge label's box.
bool may_hold_huge(const Frame& frame) {
    return (frame.height + 2) * (frame.width + 2) > huge_boxes.above;
}

unsigned blocks_of(std::uint32_t labels, unsigned most) {
    return labels < most ? labels : most;
}

std::size_t field_bytes(std::int64_t height, std::int64_t width) {
    constexpr std::size_t alignment = 256;
    const std::size_t each = in_single_precision(height, width) ? sizeof(float) : sizeof(double);
    const std::size_t bytes = static_cast<std::size_t>((height + 2) * (width + 2)) * each;
    return (bytes + alignment - 1) / alignment * alignment;
}

template <typename Real, Variant variant>
void errors_of(Stream stream, const Frame& frame, std::uint32_t most, const float* flows,
               std::uint32_t* extent, Real* field, Real* other, double* errors) {
    const unsigned threads = 256;
    if (variant == Variant::cuda)
        launch(largest_extent, dim3(blocks_for(most, threads)), dim3(threads), 0, stream, frame,
               extent);
    const unsigned at_once = blocks_at_once();
    const unsigned gangs =
        (at_once < huge_boxes.most_blocks ? at_once : huge_boxes.most_blocks) / gang_blocks;
    if (gangs > 0 && may_hold_huge(frame))
        launch_together(diffuse_together<Real, variant>, dim3(gangs * gang_blocks),
                        dim3(huge_boxes.threads), stream, frame, huge_boxes, extent, field, other,
                        extent + arrivals_at);
    SizeClass large = large_boxes;
    if (gangs == 0) large.capacity = huge_boxes.capacity;
    launch(diffuse_frame<Real, variant>, dim3(blocks_of(most, large_boxes.most_blocks)),
           dim3(large_boxes.threads), 0, stream, frame, large, extent, field, other);
    for (const SizeClass& size : {medium_boxes, small_boxes}) {
        const auto shared = static_cast<std::size_t>(2 * size.capacity) * sizeof(Real) +
                            static_cast<std::size_t>(most_strips(size)) * sizeof(std::uint32_t);
        launch(diffuse_box<Real, variant>, dim3(blocks_of(most, size.most_blocks)),
               dim3(size.threads), shared, stream, frame, size, extent, field);
    }
    launch(sum_errors<Real, variant>, dim3(blocks_of(most, small_boxes.most_blocks)),
           dim3(sum_threads), 0, stream, frame, most, flows, field, errors);
}

// In front of the fields: the largest extent, and from there each gang's arrivals.
constexpr std::size_t head_bytes = 256;
static_assert((arrivals_at + huge_boxes.most_blocks / gang_blocks) * sizeof(unsigned) <=
              head_bytes);

}  // namespace

std::size_t flow_errors_scratch_bytes(std::int64_t height, std::int64_t width) {
    return head_bytes + 2 * field_bytes(height, width);
}

void flow_errors(Stream stream, const std::uint32_t* labels, std::int64_t height,
                 std::int64_t width, const DeviceBox* boxes, const std::uint32_t* largest,
                 std::uint32_t most, const float* flows, Variant variant, void* scratch,
                 double* errors) {
    if (most == 0) return;
    const std::size_t bytes = field_bytes(height, width);
    const Frame frame{labels, height, width, boxes, largest};
    auto* const extent = static_cast<std::uint32_t*>(scratch);
    auto* const field = static_cast<std::byte*>(scratch) + head_bytes;
    const auto go = [&]<typename Real, Variant chosen>() {
        errors_of<Real, chosen>(stream, frame, most, flows, extent, reinterpret_cast<Real*>(field),
                                reinterpret_cast<Real*>(field + bytes), errors);
    };
    fill(stream, scratch, 0, head_bytes + bytes);
    if (variant == Variant::cpu)
        go.template operator()<double, Variant::cpu>();
    else if (in_single_precision(height, width))
        go.template operator()<float, Variant::cuda>();
    else
        go.template operator()<double, Variant::cuda>();
}

}  // namespace cytofleet::cuda
