#include <span>

#include "kernels/support/device.cuh"
#include "kernels/support/require.hpp"
#include "kernels/tiles/device_grid_cuda.hpp"
#include "kernels/tiles/taper.hpp"

namespace cytofleet::cuda {
namespace {

std::vector<std::int32_t> narrowed(std::span<const std::int64_t> values) {
    std::vector<std::int32_t> out;
    for (const std::int64_t value : values) out.push_back(static_cast<std::int32_t>(value));
    return out;
}

/// For each position, the first tile that reaches beyond it.
std::vector<std::int32_t> first_tiles(std::span<const std::int64_t> starts, std::int64_t edge,
                                      std::int64_t length) {
    std::vector<std::int32_t> out;
    std::size_t tile = 0;
    for (std::int64_t at = 0; at < length; ++at) {
        while (starts[tile] + edge <= at) ++tile;
        require(starts[tile] <= at, "tiles: they leave a gap");
        out.push_back(static_cast<std::int32_t>(tile));
    }
    return out;
}

}  // namespace

DeviceGrid::Axis::Axis(Stream stream, std::span<const std::int64_t> starts_of, std::int64_t edge,
                       std::int64_t length, std::span<const double> taper_of)
    : starts(stream, std::span<const std::int32_t>(narrowed(starts_of))),
      first(stream, std::span<const std::int32_t>(first_tiles(starts_of, edge, length))),
      taper(stream, taper_of) {}

TileAxis DeviceGrid::Axis::view(std::int64_t pad) const {
    return {static_cast<std::int64_t>(starts.size()), pad, starts.data(), first.data(),
            taper.data()};
}

DeviceGrid::DeviceGrid(Stream stream, const TileGrid& grid)
    : DeviceGrid(stream, grid, taper_lines(grid.tile)) {}

DeviceGrid::DeviceGrid(Stream stream, const TileGrid& grid, const TaperLines& taper)
    : rows_(stream, grid.rows, grid.tile.height, grid.padded.height, taper.rows),
      cols_(stream, grid.cols, grid.tile.width, grid.padded.width, taper.columns),
      view_{grid.frame, grid.tile, rows_.view(grid.pad_top), cols_.view(grid.pad_left),
            grid.augment} {}

}  // namespace cytofleet::cuda
