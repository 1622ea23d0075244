#include <algorithm>
#include <cmath>

#include "kernels/support/require.hpp"
#include "kernels/tiles/starts.hpp"
#include "kernels/tiles/tiles.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t multiple = 16;  // four halvings in the network
constexpr std::int64_t margin = 8;

/// Zeros before and after one axis.
struct Padding {
    std::int64_t before = 0;
    std::int64_t after = 0;
};

Padding padding_of(std::int64_t length) {
    const std::int64_t missing = (multiple - length % multiple) % multiple;
    return {margin + missing / 2, margin + missing - missing / 2};
}

std::vector<std::int64_t> augmented_starts(std::int64_t length, std::int64_t edge) {
    const double halves = std::ceil(2.0 * static_cast<double>(length) / static_cast<double>(edge));
    return spread_starts(length, edge,
                         std::max<std::int64_t>(2, static_cast<std::int64_t>(halves)));
}

}  // namespace

TileGrid make_tile_grid(Extent frame, double tile_overlap, bool augment, std::int64_t tile_size) {
    require(frame.height > 0 && frame.width > 0, "tiles: an empty frame");
    require(tile_overlap >= 0.05 && tile_overlap <= 0.5, "tiles: overlap outside 0.05 to 0.5");
    require(tile_size > 0 && tile_size % multiple == 0, "tiles: size is no multiple of 16");
    const Padding y = padding_of(frame.height);
    const Padding x = padding_of(frame.width);
    TileGrid grid;
    grid.frame = frame;
    grid.padded = {frame.height + y.before + y.after, frame.width + x.before + x.after};
    grid.pad_top = y.before;
    grid.pad_left = x.before;
    grid.augment = augment;
    if (augment) {
        grid.padded = {std::max(grid.padded.height, tile_size),
                       std::max(grid.padded.width, tile_size)};
        grid.rows = augmented_starts(grid.padded.height, tile_size);
        grid.cols = augmented_starts(grid.padded.width, tile_size);
    } else {
        grid.rows = tile_starts(grid.padded.height, tile_size, tile_overlap);
        grid.cols = tile_starts(grid.padded.width, tile_size, tile_overlap);
    }
    grid.tile = {std::min(grid.padded.height, tile_size), std::min(grid.padded.width, tile_size)};
    return grid;
}

}  // namespace cytofleet
