// One thread per pixel. Per step and point: 4 neighbours of 8 bytes, mostly from L1 since the
// points of a cell walk together, and 36 floating point operations (the cpu variant: 40, of them 22
// in double); so the loop is bound by latency and issue, not by memory. A point that rests, or
// steps to and fro, is followed no further: the field does not change, so it never leaves that.
#include "kernels/flow/flow_cuda.hpp"
#include "kernels/flow/flow_point.hpp"
#include "kernels/seeds/end_bin.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {
namespace {

constexpr unsigned tile_x = 32;  // a block is a tile of the frame: neighbours walk together
constexpr unsigned tile_y = 8;

__global__ void step_field(const float* flows, const float* logits, std::int64_t height,
                           std::int64_t width, float threshold, bool zero_outside, float scale_y,
                           float scale_x, float* values) {
    const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * blockDim.y + threadIdx.y;
    if (column >= width + 2 || row >= height + 2) return;
    float* out = values + 2 * (row * (width + 2) + column);
    const bool border = row == 0 || column == 0 || row == height + 1 || column == width + 1;
    if (border && zero_outside) {
        out[0] = 0.0F;
        out[1] = 0.0F;
        return;
    }
    const std::int64_t y = row < 1 ? 0 : (row > height ? height - 1 : row - 1);
    const std::int64_t x = column < 1 ? 0 : (column > width ? width - 1 : column - 1);
    const std::int64_t at = y * width + x;
    const float inside = logits[at] > threshold ? 1.0F : 0.0F;
    out[0] = flows[at] * inside / 5.0F * scale_y;
    out[1] = flows[height * width + at] * inside / 5.0F * scale_x;
}

template <Stepping stepping>
__device__ Point walk(const StepFieldView& flow, Point pixel, std::int32_t steps) {
    Point here = start_of(stepping, flow, pixel);
    Point before = here;
    for (std::int32_t t = 1; t <= steps; ++t) {
        const Point next = step_of(stepping, flow, here);
        if (next == here) break;
        if (t > 1 && next == before) {
            // To and fro between two places: an even number of steps from here ends here.
            here = (steps - t) % 2 == 0 ? next : here;
            break;
        }
        before = here;
        here = next;
    }
    return end_of(stepping, flow, here);
}

template <Stepping stepping>
__global__ void __launch_bounds__(tile_x* tile_y)
    follow(StepFieldView flow, const float* logits, float threshold, std::int32_t steps,
           std::uint32_t* bins, std::uint32_t* counts) {
    const std::int64_t x = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const std::int64_t y = static_cast<std::int64_t>(blockIdx.y) * blockDim.y + threadIdx.y;
    if (x >= flow.width || y >= flow.height) return;
    const std::int64_t at = y * flow.width + x;
    if (!(logits[at] > threshold)) {
        bins[at] = no_bin;
        return;
    }
    const Point end = walk<stepping>(flow, {static_cast<float>(y), static_cast<float>(x)}, steps);
    const auto bin = static_cast<std::uint32_t>(
        end_bin(end, flow.height + 2 * end_bin_pad, flow.width + 2 * end_bin_pad));
    bins[at] = bin;
    atomicAdd(counts + bin, 1U);
}

}  // namespace

void make_step_field(Stream stream, const float* flows, const float* logits, std::int64_t height,
                     std::int64_t width, float threshold, Stepping stepping, float* values) {
    launch(step_field, dim3(blocks_for(width + 2, tile_x), blocks_for(height + 2, tile_y)),
           dim3(tile_x, tile_y), 0, stream, flows, logits, height, width, threshold,
           stepping == Stepping::cuda, axis_scale(height, stepping), axis_scale(width, stepping),
           values);
}

void follow_flow(Stream stream, const StepFieldView& flow, Stepping stepping, const float* logits,
                 float threshold, std::int64_t steps, std::uint32_t* bins, std::uint32_t* counts) {
    const dim3 grid(blocks_for(flow.width, tile_x), blocks_for(flow.height, tile_y));
    const dim3 block(tile_x, tile_y);
    const auto go = [&](auto kernel) {
        launch(kernel, grid, block, 0, stream, flow, logits, threshold,
               static_cast<std::int32_t>(steps), bins, counts);
    };
    switch (stepping) {
        case Stepping::cpu:
            return go(follow<Stepping::cpu>);
        case Stepping::cuda:
            return go(follow<Stepping::cuda>);
        case Stepping::nearest:
            return go(follow<Stepping::nearest>);
    }
}

}  // namespace cytofleet::cuda
