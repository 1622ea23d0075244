// How heat flows in one label, for the kernels of flow_errors_cuda.cu: the label's box cut into
// strips, a thread or more for each, in shared memory or in the frame.
#pragma once

#include <limits>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/qc/error_math.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda::label_heat {

inline constexpr unsigned warp_lanes = 32;
inline constexpr unsigned most_threads = 512;
inline constexpr std::int32_t check_every = 16;  // steps

/// Which labels a launch works on: boxes, margins of 1 included, of more than `above` and at most
/// `capacity` pixels.
struct SizeClass {
    std::int64_t above;
    std::int64_t capacity;
    unsigned threads;
    unsigned most_blocks;
};

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

/// Threads that share a label: those of a block, or of several blocks.
struct Team {
    std::int32_t mine;
    std::int32_t size;
};
__device__ inline Team block_team() {
    return {static_cast<std::int32_t>(threadIdx.x), static_cast<std::int32_t>(blockDim.x)};
}

/// A box cut into strips, if possible one for each thread.
struct Strips {
    std::int32_t height;
    std::int32_t width;
    std::int32_t rows;
    std::int32_t count;
    Team team;
    __device__ Strips(const Label& label, std::int32_t most_rows, Team team_)
        : height(label.height), width(label.width), team(team_) {
        const std::int32_t per_column = team.size / width;
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
        for (std::int32_t i = team.mine; i < count; i += team.size) visit(i, strip(i));
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
__device__ inline Pixel middle_of(const Frame& frame, const Label& label, const Strips& strips,
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
/// are at the first pixel of the label's box. `gang`: other blocks write it too, so L1 is no help.
template <typename Real, bool gang>
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
        if constexpr (gang) return ours ? __ldcg(&from[at(y, x)]) : Real{0};
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

/// What was written is read in the next step.
template <typename Heat>
__device__ void turn(Heat& heat) {
    auto* const before = heat.from;
    heat.from = heat.to;
    heat.to = before;
}

/// Where the heat ended up in the other frame, this thread's pixels go to `result`, which is at the
/// first pixel of the label's box too.
template <typename Real, bool gang>
__device__ void bring_to(Real* result, const FrameHeat<Real, gang>& heat, const Frame& frame,
                         const Label& label, const Strips& strips) {
    if (heat.from == result) return;
    visit_pixels(frame, label, strips,
                 [&](std::int32_t y, std::int32_t x) { result[heat.at(y, x)] = heat.read(y, x); });
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
        turn(heat);
        if (!look)
            __syncthreads();
        else if (__syncthreads_or(changed ? 1 : 0) == 0)
            steps = step + 1;  // a step without change repeats for ever: on to the last one
    }
}

}  // namespace cytofleet::cuda::label_heat
