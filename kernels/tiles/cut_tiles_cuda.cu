// One thread per pixel of a tile, for all channels. Bound by writing the tiles: a 2048 x 2048 frame
// makes 144 tiles of 224 x 224 x 2, 58 MB, 12 us at 4.8 TB/s; the frame itself is read from L1 and
// L2. Normalising each pixel where it is needed costs up to 4 divisions per output, 0.3 GFLOP; that
// it need not be written and read again saves 2 x 17 MB.
#include "kernels/resize/axis_place.hpp"
#include "kernels/resize/bilinear.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/require.hpp"
#include "kernels/tiles/cut_tiles_cuda.hpp"

namespace cytofleet::cuda {
namespace {

constexpr unsigned tile_x = 32;
constexpr unsigned tile_y = 8;

enum class Resizing { none, halve, bilinear };

/// Which tiles, and where the source of a pixel lies.
struct Cut {
    unsigned first;
    unsigned blocks_across;  ///< a tile
    int channels;
    double step_y;
    double step_x;
};

template <class Pixel>
struct Plane {
    const Pixel* pixels;
    std::int64_t width;
    FrameScale scale;
    bool invert;
    __device__ float at(std::int64_t y, std::int64_t x) const {
        return scaled(static_cast<float>(pixels[y * width + x]), scale, invert);
    }
};

/// One value everywhere; resizing may round it.
struct Flat {
    float value;
    __device__ float at(std::int64_t /*y*/, std::int64_t /*x*/) const { return value; }
};

/// Where a pixel of the resized frame lies in the source.
template <Resizing resizing>
struct Spot {
    AxisPlace row;
    AxisPlace column;
    __device__ Spot(std::int64_t y, std::int64_t x, Extent from, const Cut& cut)
        : row(opencv_place(y, cut.step_y, from.height, Border::repeated)),
          column(opencv_place(x, cut.step_x, from.width, Border::clamped)) {}
    template <class Source>
    __device__ float of(const Source& source) const {
        const float above = between(Rounding::each, source.at(row.low, column.low),
                                    source.at(row.low, column.high), column.fraction);
        const float below = between(Rounding::each, source.at(row.high, column.low),
                                    source.at(row.high, column.high), column.fraction);
        return between(Rounding::each, above, below, row.fraction);
    }
};

template <>
struct Spot<Resizing::none> {
    std::int64_t y;
    std::int64_t x;
    __device__ Spot(std::int64_t row, std::int64_t column, Extent /*from*/, const Cut& /*cut*/)
        : y(row), x(column) {}
    template <class Source>
    __device__ float of(const Source& source) const {
        return source.at(y, x);
    }
};

template <>
struct Spot<Resizing::halve> {
    std::int64_t y;
    std::int64_t x;
    __device__ Spot(std::int64_t row, std::int64_t column, Extent /*from*/, const Cut& /*cut*/)
        : y(2 * row), x(2 * column) {}
    template <class Source>
    __device__ float of(const Source& source) const {
        return mean_of_four(source.at(y, x), source.at(y, x + 1), source.at(y + 1, x),
                            source.at(y + 1, x + 1));
    }
};

template <class Pixel, Resizing resizing>
__global__ void __launch_bounds__(tile_x* tile_y, 3)
    cut(FrameSource<Pixel> frame, TileGridView grid, Cut what, TileLayout layout, float* out) {
    const unsigned number = blockIdx.x / what.blocks_across;
    const std::int64_t s =
        static_cast<std::int64_t>(blockIdx.x % what.blocks_across) * tile_x + threadIdx.x;
    const std::int64_t r = static_cast<std::int64_t>(blockIdx.y) * tile_y + threadIdx.y;
    const Extent tile = grid.tile;
    if (r >= tile.height || s >= tile.width) return;
    const auto columns = static_cast<unsigned>(grid.cols.count);  // a division in 64 bits is slow
    const unsigned at = what.first + number;
    const TilePlace place = grid.place(at / columns, at % columns);
    const std::int64_t y = place.top - grid.rows.pad + (place.flip_y ? tile.height - 1 - r : r);
    const std::int64_t x = place.left - grid.cols.pad + (place.flip_x ? tile.width - 1 - s : s);

    const std::int64_t pixel = r * tile.width + s;
    const std::int64_t area = tile.height * tile.width;
    const bool planar = layout == TileLayout::planar;
    const std::int64_t stride = planar ? area : 1;
    out += number * what.channels * area + (planar ? pixel : pixel * what.channels);
    if (y < 0 || y >= grid.frame.height || x < 0 || x >= grid.frame.width) {
        for (int c = 0; c < what.channels; ++c, out += stride) *out = 0.0F;
        return;
    }
    const Spot<resizing> spot(y, x, frame.extent, what);
    Plane<Pixel> plane{frame.pixels, frame.extent.width, {}, frame.invert};
    int c = 0;
    for (; c < frame.planes; ++c) {
        if (frame.scales != nullptr) plane.scale = frame.scales[c];
        *out = spot.of(plane);
        plane.pixels += frame.extent.height * frame.extent.width;
        out += stride;
    }
    for (; c < what.channels; ++c, out += stride) *out = spot.of(Flat{frame.rest});
}

template <class Pixel>
auto kernel_for(Extent from, Extent to) {
    if (from == to) return cut<Pixel, Resizing::none>;
    if (from.height == 2 * to.height && from.width == 2 * to.width)
        return cut<Pixel, Resizing::halve>;
    return cut<Pixel, Resizing::bilinear>;
}

}  // namespace

template <class Pixel>
void cut_tiles(Stream stream, const FrameSource<Pixel>& frame, const TileGridView& grid,
               int channels, TileLayout layout, std::int64_t first, std::int64_t count,
               float* out) {
    const Extent from = frame.extent;
    const Extent to = grid.frame;
    require(from.height > 0 && from.width > 0, "cut_tiles: an empty frame");
    require(frame.planes >= 0 && frame.planes <= channels, "cut_tiles: more planes than channels");
    require(first >= 0 && count >= 0 && first + count <= grid.count(), "cut_tiles: no such tile");
    if (count == 0) return;
    require(grid.count() <= std::int64_t{1} << 24, "cut_tiles: too many tiles");
    const Cut what{static_cast<unsigned>(first), blocks_for(grid.tile.width, tile_x), channels,
                   opencv_step(from.height, to.height), opencv_step(from.width, to.width)};
    const dim3 blocks(static_cast<unsigned>(count) * what.blocks_across,
                      blocks_for(grid.tile.height, tile_y));
    launch(kernel_for<Pixel>(from, to), blocks, dim3(tile_x, tile_y), 0, stream, frame, grid, what,
           layout, out);
}

template void cut_tiles<std::uint8_t>(Stream, const FrameSource<std::uint8_t>&, const TileGridView&,
                                      int, TileLayout, std::int64_t, std::int64_t, float*);
template void cut_tiles<std::uint16_t>(Stream, const FrameSource<std::uint16_t>&,
                                       const TileGridView&, int, TileLayout, std::int64_t,
                                       std::int64_t, float*);
template void cut_tiles<float>(Stream, const FrameSource<float>&, const TileGridView&, int,
                               TileLayout, std::int64_t, std::int64_t, float*);

}  // namespace cytofleet::cuda
