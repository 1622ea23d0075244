// One thread per pixel of the resized frame, which adds the tiles over it in their order: nothing
// to share, no atomics. Bound by memory: a 2048 x 2048 frame has 144 tiles of 224 x 224 x 3, 87 MB
// read and 50 MB written, 29 us at 4.8 TB/s. In fp64 it does 8 operations per tile (1.7 of them
// over a pixel, most often 1 or 2) and 3 divisions of about 20: 0.3 GFLOP, 9 us at 34 TFLOP/s, but
// 0.25 ms on a card with a 64th of the rate (1.3 TFLOP/s).
#include "kernels/support/device.cuh"
#include "kernels/support/require.hpp"
#include "kernels/tiles/blend_cuda.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned tile_x = 32;
constexpr unsigned tile_y = 8;
constexpr int outputs = 3;  // Y flow, X flow, logit

/// sum + value * weight, product and sum rounded in fp64.
__device__ float plus(float sum, float value, double weight) {
    return static_cast<float>(static_cast<double>(sum) + static_cast<double>(value) * weight);
}

template <TileLayout layout>
__global__ void __launch_bounds__(tile_x* tile_y)
    blend(TileGridView grid, const float* tiles, float* out) {
    const std::int64_t x = static_cast<std::int64_t>(blockIdx.y) * tile_x + threadIdx.x;
    const std::int64_t y = static_cast<std::int64_t>(blockIdx.x) * tile_y + threadIdx.y;
    if (y >= grid.frame.height || x >= grid.frame.width) return;
    const std::int64_t padded_y = grid.rows.pad + y;
    const std::int64_t padded_x = grid.cols.pad + x;
    const std::int64_t area = grid.tile.height * grid.tile.width;
    constexpr bool planar = layout == TileLayout::planar;
    const std::int64_t stride = planar ? area : 1;
    float sum[outputs] = {0.0F, 0.0F, 0.0F};
    double weights = 0.0;
    for (std::int64_t j = grid.rows.first[padded_y];
         j < grid.rows.count && grid.rows.starts[j] <= padded_y; ++j) {
        for (std::int64_t i = grid.cols.first[padded_x];
             i < grid.cols.count && grid.cols.starts[i] <= padded_x; ++i) {
            const TilePlace place = grid.place(j, i);
            const std::int64_t r = padded_y - place.top;
            const std::int64_t s = padded_x - place.left;
            const double weight = grid.cols.taper[s] * grid.rows.taper[r];
            const std::int64_t pixel =
                (place.flip_y ? grid.tile.height - 1 - r : r) * grid.tile.width +
                (place.flip_x ? grid.tile.width - 1 - s : s);
            const float* const value = tiles + (j * grid.cols.count + i) * outputs * area +
                                       (planar ? pixel : pixel * outputs);
            // A mirrored tile holds mirrored flows.
            sum[0] = plus(sum[0], place.flip_y ? -value[0] : value[0], weight);
            sum[1] = plus(sum[1], place.flip_x ? -value[stride] : value[stride], weight);
            sum[2] = plus(sum[2], value[2 * stride], weight);
            weights += weight;
        }
    }
    out += y * grid.frame.width + x;
    for (int c = 0; c < outputs; ++c)
        out[c * grid.frame.height * grid.frame.width] =
            static_cast<float>(static_cast<double>(sum[c]) / weights);
}

}  // namespace

void blend_tiles(Stream stream, const TileGridView& grid, const float* tiles, TileLayout layout,
                 float* out) {
    require(grid.count() > 0, "blend_tiles: a grid without tiles");
    // Rows along the grid's x, which may be longest.
    const dim3 blocks(blocks_for(grid.frame.height, tile_y), blocks_for(grid.frame.width, tile_x));
    launch(
        layout == TileLayout::planar ? blend<TileLayout::planar> : blend<TileLayout::channels_last>,
        blocks, dim3(tile_x, tile_y), 0, stream, grid, tiles, out);
}

}  // namespace cytofleet::cuda
