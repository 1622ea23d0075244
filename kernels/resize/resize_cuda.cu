// One thread per output pixel, for all planes. Bound by memory: the network's output of a 2048 x
// 2048 frame is 50 MB, written once and, when it grows, read from fewer: at most 21 us at 4.8 TB/s.
// Where the pixel lies takes 6 operations in fp64, an eighth of that time.
#include "kernels/resize/axis_place.hpp"
#include "kernels/resize/bilinear.hpp"
#include "kernels/resize/resize_cuda.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/require.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned tile_x = 32;
constexpr unsigned tile_y = 8;

struct Steps {
    double y;
    double x;
};

template <Rounding rounding>
__global__ void __launch_bounds__(tile_x* tile_y)
    resize_planes(const float* in, Extent from, std::int64_t planes, float* out, Extent to,
                  Steps steps) {
    const std::int64_t x = static_cast<std::int64_t>(blockIdx.y) * tile_x + threadIdx.x;
    const std::int64_t y = static_cast<std::int64_t>(blockIdx.x) * tile_y + threadIdx.y;
    if (y >= to.height || x >= to.width) return;
    AxisPlace row;
    AxisPlace column;
    if constexpr (rounding == Rounding::once) {
        row = ipp_place(y, steps.y, from.height);
        column = ipp_place(x, steps.x, from.width);
    } else {
        row = opencv_place(y, steps.y, from.height, Border::repeated);
        column = opencv_place(x, steps.x, from.width, Border::clamped);
    }
    const float* upper = in + row.low * from.width;
    const float* lower = in + row.high * from.width;
    out += y * to.width + x;
    for (std::int64_t plane = 0; plane < planes; ++plane) {
        const float above =
            between(rounding, upper[column.low], upper[column.high], column.fraction);
        const float below =
            between(rounding, lower[column.low], lower[column.high], column.fraction);
        *out = between(rounding, above, below, row.fraction);
        upper += from.height * from.width;
        lower += from.height * from.width;
        out += to.height * to.width;
    }
}

__global__ void __launch_bounds__(tile_x* tile_y)
    resize_nearest(const std::uint32_t* in, Extent from, std::uint32_t* out, Extent to,
                   Steps steps) {
    const std::int64_t x = static_cast<std::int64_t>(blockIdx.y) * tile_x + threadIdx.x;
    const std::int64_t y = static_cast<std::int64_t>(blockIdx.x) * tile_y + threadIdx.y;
    if (y >= to.height || x >= to.width) return;
    out[y * to.width + x] = in[nearest_place(y, steps.y, from.height) * from.width +
                               nearest_place(x, steps.x, from.width)];
}

/// Rows along the grid's x, which may be longest.
dim3 grid_of(Extent extent) {
    return {blocks_for(extent.height, tile_y), blocks_for(extent.width, tile_x)};
}

Steps opencv_steps(Extent from, Extent to) {
    return {opencv_step(from.height, to.height), opencv_step(from.width, to.width)};
}

void require_sides(Extent extent) {
    constexpr std::int64_t longest = 1 << 20;
    require(extent.height > 0 && extent.width > 0, "resize: an empty plane");
    require(extent.height <= longest && extent.width <= longest, "resize: a side is too long");
}

}  // namespace

void resize_output(Stream stream, const float* in, Extent from, std::int64_t planes, float* out,
                   Extent to) {
    require_sides(from);
    require_sides(to);
    require(!(from == to), "resize: nothing to do");
    const dim3 block(tile_x, tile_y);
    // IPP refuses an axis of one pixel; OpenCV's own code takes over.
    if (from.height == 1 || from.width == 1) {
        launch(resize_planes<Rounding::each>, grid_of(to), block, 0, stream, in, from, planes, out,
               to, opencv_steps(from, to));
        return;
    }
    const Steps steps{ipp_step(from.height, to.height), ipp_step(from.width, to.width)};
    launch(resize_planes<Rounding::once>, grid_of(to), block, 0, stream, in, from, planes, out, to,
           steps);
}

void resize_labels(Stream stream, const std::uint32_t* in, Extent from, std::uint32_t* out,
                   Extent to) {
    require_sides(from);
    require_sides(to);
    launch(resize_nearest, grid_of(to), dim3(tile_x, tile_y), 0, stream, in, from, out, to,
           opencv_steps(from, to));
}

}  // namespace cytofleet::cuda
