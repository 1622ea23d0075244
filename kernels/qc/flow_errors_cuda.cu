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
// rate (110 G/s) is the bound: about 10 ms for a label of 300 x 300 pixels, 0.4 s for one of 1000 x
// 1000. Several blocks for one label would have to wait for each other at each step.
#include <limits>

#include "kernels/qc/error_math.hpp"
#include "kernels/qc/flow_errors_cuda.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {
namespace {

constexpr unsigned warp_lanes = 32;
constexpr unsigned most_threads = 512;
constexpr unsigned sum_threads = 128;
constexpr unsigned sum_chunk = 4 * sum_threads;  // pixels whose errors are in shared memory at once
constexpr std::int32_t check_every = 16;         // steps

/// Which labels a launch works on: boxes, margins of 1 included, of more than `above` and at most
/// `capacity` pixels. Blocks take label after label, so that there need not be a block for each.
struct SizeClass {
    std::int64_t above;
    std::int64_t capacity;
    unsigned threads;
    unsigned most_blocks;
};

constexpr SizeClass small_boxes{0, 36 * 36, 128, 4096};
constexpr SizeClass medium_boxes{36 * 36, 60 * 60, 256, 1024};  // 62 KB: every device has them
constexpr SizeClass large_boxes{60 * 60, std::numeric_limits<std::int64_t>::max(), most_threads,
                                264};

/// Strips of a box, each with its pixels inside the label as 32 bits or less. Boxes of one row have
/// the most strips for their size: a third of their pixels, margins included.
constexpr std::int64_t most_strips(const SizeClass& size) {
    return size.capacity / 3 > size.threads ? size.capacity / 3 : size.threads;
}

struct Frame {
    const std::uint32_t* labels;
    std::int64_t height;
    std::int64_t width;
    const DeviceBox* boxes;
    const std::uint32_t* largest;
    /// Place of a pixel in the frame's heat, which has a margin of 1.
    __device__ std::int64_t in_field(std::int64_t y, std::int64_t x) const {
        return (y + 1) * (width + 2) + x + 1;
    }
    __device__ bool holds(std::int64_t y, std::int64_t x, std::uint32_t label) const {
        return y >= 0 && x >= 0 && y < height && x < width && labels[y * width + x] == label;
    }
};

struct Label {
    std::uint32_t number;
    std::int64_t size;
    std::int64_t top;
    std::int64_t left;
    std::int32_t height;
    std::int32_t width;
    __device__ Label(const Frame& frame, std::uint32_t number_) : number(number_) {
        const DeviceBox& box = frame.boxes[number];
        size = box.size;
        top = box.top;
        left = box.left;
        height = static_cast<std::int32_t>(box.bottom - box.top + 1);
        width = static_cast<std::int32_t>(box.right - box.left + 1);
    }
    __device__ bool belongs_to(const SizeClass& wanted) const {
        const std::int64_t pixels = std::int64_t{height + 2} * (width + 2);
        return size > 0 && pixels > wanted.above && pixels <= wanted.capacity;
    }
};

struct Pixel {
    std::int32_t y;
    std::int32_t x;
};

/// Part of a column of a box.
struct Strip {
    std::int32_t x;
    std::int32_t begin;
    std::int32_t end;
};

/// A box cut into strips, if possible one for each thread.
struct Strips {
    std::int32_t height;
    std::int32_t width;
    std::int32_t rows;
    std::int32_t count;
    __device__ Strips(const Label& label, std::int32_t most_rows)
        : height(label.height), width(label.width) {
        const auto per_column = static_cast<std::int32_t>(blockDim.x) / width;
        rows = per_column > 1 ? (height + per_column - 1) / per_column : height;
        if (rows > most_rows) rows = most_rows;
        count = (height + rows - 1) / rows * width;
    }
    __device__ Strip strip(std::int32_t number) const {
        const std::int32_t begin = number / width * rows;
        return {number % width, begin, begin + rows < height ? begin + rows : height};
    }
    /// Calls visit(number, strip) for the strips of this thread.
    template <typename Visit>
    __device__ void visit_mine(Visit visit) const {
        for (auto i = static_cast<std::int32_t>(threadIdx.x); i < count;
             i += static_cast<std::int32_t>(blockDim.x))
            visit(i, strip(i));
    }
};

/// Calls visit(y, x) for this thread's pixels of the label, in coordinates of its box.
template <typename Visit>
__device__ void visit_pixels(const Frame& frame, const Label& label, const Strips& strips,
                             Visit visit) {
    strips.visit_mine([&](std::int32_t, const Strip& strip) {
        const std::uint32_t* column = frame.labels + label.top * frame.width + label.left + strip.x;
        for (std::int32_t y = strip.begin; y < strip.end; ++y)
            if (column[y * frame.width] == label.number) visit(y, strip.x);
    });
}

/// combine(a, b) over all threads' values, for all threads; exact whatever the order.
template <typename T, typename Combine>
__device__ T reduce(T value, Combine combine) {
    __shared__ T of_warp[most_threads / warp_lanes];
    for (unsigned lanes = warp_lanes / 2; lanes > 0; lanes /= 2)
        value = combine(value, __shfl_xor_sync(0xffffffffU, value, static_cast<int>(lanes)));
    if (threadIdx.x % warp_lanes == 0) of_warp[threadIdx.x / warp_lanes] = value;
    __syncthreads();
    value = of_warp[0];
    for (unsigned i = 1; i < blockDim.x / warp_lanes; ++i) value = combine(value, of_warp[i]);
    __syncthreads();
    return value;
}

/// The pixel closest to the mean of the label's pixels, the first of equals, in coordinates of its
/// box. `base`: number of the first row and column in those of the mean.
__device__ Pixel middle_of(const Frame& frame, const Label& label, const Strips& strips,
                           std::int32_t base) {
    const auto plus = [](std::int64_t a, std::int64_t b) { return a + b; };
    const auto less = [](auto a, auto b) { return b < a ? b : a; };
    std::int64_t sum_y = 0;
    std::int64_t sum_x = 0;
    visit_pixels(frame, label, strips, [&](std::int32_t y, std::int32_t x) {
        sum_y += y + base;
        sum_x += x + base;
    });
    const auto size = static_cast<double>(label.size);
    const double mean_y = static_cast<double>(reduce(sum_y, plus)) / size;
    const double mean_x = static_cast<double>(reduce(sum_x, plus)) / size;

    constexpr std::int64_t nowhere = std::numeric_limits<std::int64_t>::max();
    double least = std::numeric_limits<double>::infinity();
    std::int64_t place = nowhere;
    visit_pixels(frame, label, strips, [&](std::int32_t y, std::int32_t x) {
        const double distance = squared_distance(static_cast<double>(y + base),
                                                 static_cast<double>(x + base), mean_y, mean_x);
        const std::int64_t here = std::int64_t{y} * label.width + x;
        if (distance < least || (distance == least && here < place)) {
            least = distance;
            place = here;
        }
    });
    const double least_of_all = reduce(least, less);
    place = reduce(least == least_of_all ? place : nowhere, less);
    return {static_cast<std::int32_t>(place / label.width),
            static_cast<std::int32_t>(place % label.width)};
}

/// Heat of one label in shared memory: a box with a margin of 1 that stays zero, as do the pixels
/// outside the label. Bit y of masks[strip]: its pixel y, counted from its first, is inside.
template <typename Real>
struct BoxHeat {
    using Value = Real;
    Real* from;
    Real* to;
    const std::uint32_t* masks;
    std::int32_t stride;
    __device__ std::uint32_t open(std::int32_t number) const { return masks[number]; }
    __device__ bool inside(std::uint32_t mask, const Strip& strip, std::int32_t y) const {
        return (mask >> (y - strip.begin) & 1U) != 0;
    }
    __device__ std::int32_t at(std::int32_t y, std::int32_t x) const {
        return (y + 1) * stride + x + 1;
    }
    __device__ Real read(std::int32_t y, std::int32_t x) const { return from[at(y, x)]; }
    __device__ void write(std::int32_t y, std::int32_t x, Real value) const {
        to[at(y, x)] = value;
    }
};

/// Heat of one label in frames that it shares with others; their pixels count as zero. All pointers
/// are at the first pixel of the label's box.
template <typename Real>
struct FrameHeat {
    using Value = Real;
    Real* from;
    Real* to;
    const std::uint32_t* labels;
    std::int64_t frame_width;
    std::uint32_t number;
    std::int32_t height;
    std::int32_t width;
    __device__ FrameHeat(const Frame& frame, const Label& label, Real* field, Real* other)
        : from(field + frame.in_field(label.top, label.left)),
          to(other + frame.in_field(label.top, label.left)),
          labels(frame.labels + label.top * frame.width + label.left),
          frame_width(frame.width),
          number(label.number),
          height(label.height),
          width(label.width) {}
    __device__ std::uint32_t open(std::int32_t) const { return 1U; }
    __device__ bool inside(std::uint32_t, const Strip& strip, std::int32_t y) const {
        return labels[y * frame_width + strip.x] == number;
    }
    __device__ std::int64_t at(std::int32_t y, std::int32_t x) const {
        return y * (frame_width + 2) + x;
    }
    __device__ Real read(std::int32_t y, std::int32_t x) const {
        const bool ours =
            y >= 0 && x >= 0 && y < height && x < width && labels[y * frame_width + x] == number;
        return ours ? from[at(y, x)] : Real{0};
    }
    __device__ void write(std::int32_t y, std::int32_t x, Real value) const {
        to[at(y, x)] = value;
    }
};

/// One step in one strip: every pixel inside becomes the ninth of the sum over its 3 by 3
/// neighbours; the one in row `source` then gets 1 for the next step. Did anything change?
template <Variant variant, bool look, typename Heat>
__device__ bool spread(const Heat& heat, std::uint32_t mask, const Strip& strip,
                       std::int32_t source) {
    using Real = typename Heat::Value;
    const std::int32_t x = strip.x;
    bool changed = false;
    Real north_west = heat.read(strip.begin - 1, x - 1);
    Real north = heat.read(strip.begin - 1, x);
    Real north_east = heat.read(strip.begin - 1, x + 1);
    Real west = heat.read(strip.begin, x - 1);
    Real here = heat.read(strip.begin, x);
    Real east = heat.read(strip.begin, x + 1);
    for (std::int32_t y = strip.begin; y < strip.end; ++y) {
        const Real south_west = heat.read(y + 1, x - 1);
        const Real south = heat.read(y + 1, x);
        const Real south_east = heat.read(y + 1, x + 1);
        if (heat.inside(mask, strip, y)) {
            Real sum = here + north + south + west + east;
            sum = sum + north_west + north_east + south_west + south_east;
            constexpr auto ninth = static_cast<Real>(1.0 / 9.0);
            Real value = variant == Variant::cpu ? sum * ninth : ninth_of(sum);
            if (y == source) value += Real{1};
            if constexpr (look) changed = changed || value != here;
            heat.write(y, x, value);
        }
        north_west = west;
        north = here;
        north_east = east;
        west = south_west;
        here = south;
        east = south_east;
    }
    return changed;
}

template <Variant variant, bool look, typename Heat>
__device__ bool spread_all(const Heat& heat, const Strips& strips, Pixel source) {
    bool changed = false;
    strips.visit_mine([&](std::int32_t number, const Strip& strip) {
        const std::uint32_t mask = heat.open(number);
        if (mask == 0) return;
        const std::int32_t row = strip.x == source.x ? source.y : -1;
        if (spread<variant, look>(heat, mask, strip, row)) changed = true;
    });
    return changed;
}

/// `steps` times; heat.from has 1 at `source` and else zeros before, the result afterwards.
template <Variant variant, typename Heat>
__device__ void run(Heat& heat, const Strips& strips, Pixel source, std::int64_t steps) {
    for (std::int64_t step = 1; step <= steps; ++step) {
        const bool last = step == steps;
        const bool look = step % check_every == 0 && !last;
        const Pixel warmed = last ? Pixel{-1, -1} : source;
        bool changed = true;
        if (look)
            changed = spread_all<variant, true>(heat, strips, warmed);
        else
            spread_all<variant, false>(heat, strips, warmed);
        auto* const before = heat.from;
        heat.from = heat.to;
        heat.to = before;
        if (!look)
            __syncthreads();
        else if (__syncthreads_or(changed ? 1 : 0) == 0)
            steps = step + 1;  // a step without change repeats for ever: on to the last one
    }
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
        const Strips strips(label, 32);
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
        const Pixel source = middle_of(frame, label, strips, variant == Variant::cpu ? 1 : 0);
        if (threadIdx.x == 0) heat.from[heat.at(source.y, source.x)] = Real{1};
        __syncthreads();
        run<variant>(heat, strips, source, steps_of<variant>(label, extent));
        visit_pixels(frame, label, strips, [&](std::int32_t y, std::int32_t x) {
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
        const Strips strips(label, label.height);
        const Pixel source = middle_of(frame, label, strips, variant == Variant::cpu ? 1 : 0);
        FrameHeat<Real> heat(frame, label, field, other);
        Real* const result = heat.from;
        if (threadIdx.x == 0) heat.from[heat.at(source.y, source.x)] = Real{1};
        __syncthreads();
        run<variant>(heat, strips, source, steps_of<variant>(label, extent));
        if (heat.from == result) continue;
        visit_pixels(frame, label, strips, [&](std::int32_t y, std::int32_t x) {
            result[heat.at(y, x)] = heat.from[heat.at(y, x)];
        });
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
    launch(diffuse_frame<Real, variant>, dim3(blocks_of(most, large_boxes.most_blocks)),
           dim3(large_boxes.threads), 0, stream, frame, large_boxes, extent, field, other);
    for (const SizeClass& size : {medium_boxes, small_boxes}) {
        const auto shared = static_cast<std::size_t>(2 * size.capacity) * sizeof(Real) +
                            static_cast<std::size_t>(most_strips(size)) * sizeof(std::uint32_t);
        launch(diffuse_box<Real, variant>, dim3(blocks_of(most, size.most_blocks)),
               dim3(size.threads), shared, stream, frame, size, extent, field);
    }
    launch(sum_errors<Real, variant>, dim3(blocks_of(most, small_boxes.most_blocks)),
           dim3(sum_threads), 0, stream, frame, most, flows, field, errors);
}

constexpr std::size_t head_bytes = 256;  // the largest extent, in front of the fields

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
