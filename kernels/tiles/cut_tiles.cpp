#include <algorithm>
#include <cstddef>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"
#include "kernels/tiles/tile_place.hpp"
#include "kernels/tiles/tiles.hpp"

namespace cytofleet {
namespace {

/// One row of a tile: zeros outside the frame. `left`: the tile's first column, counted in the
/// frame.
void cut_row(const float* frame_row, std::int64_t frame_width, std::int64_t left, bool reversed,
             std::span<float> out) {
    const auto width = static_cast<std::int64_t>(out.size());
    const std::int64_t begin = std::clamp<std::int64_t>(-left, 0, width);
    const std::int64_t end = std::clamp<std::int64_t>(frame_width - left, begin, width);
    std::fill(out.begin(), out.begin() + begin, 0.0F);
    std::copy(frame_row + (left + begin), frame_row + (left + end), out.begin() + begin);
    std::fill(out.begin() + end, out.end(), 0.0F);
    if (reversed) std::ranges::reverse(out);
}

}  // namespace

void cut_tiles(const Exec& exec, const TileGrid& grid, std::span<const float> frame,
               std::int64_t channels, std::int64_t first, std::int64_t count,
               std::span<float> out) {
    const std::int64_t height = grid.tile.height;
    const std::int64_t width = grid.tile.width;
    require(exec.threads >= 1, "tiles: at least one thread");
    require(channels > 0, "tiles: no channel");
    require(first >= 0 && count >= 0 && first + count <= grid.count(), "tiles: no such tile");
    require(static_cast<std::int64_t>(frame.size()) == channels * grid.frame.pixels(),
            "tiles: frame and grid disagree");
    require(static_cast<std::int64_t>(out.size()) == count * channels * height * width,
            "tiles: no room for so many tiles");
    parallel_even(exec, count * channels, [&](std::int64_t number) {
        const TilePlace place = place_of(grid, first + number / channels);
        const float* const plane = frame.data() + number % channels * grid.frame.pixels();
        const auto at = static_cast<std::size_t>(number * height * width);
        for (std::int64_t r = 0; r < height; ++r) {
            const std::int64_t y = place.top - grid.pad_top + (place.flip_y ? height - 1 - r : r);
            const auto target = out.subspan(at + static_cast<std::size_t>(r * width),
                                            static_cast<std::size_t>(width));
            if (y < 0 || y >= grid.frame.height) {
                std::ranges::fill(target, 0.0F);
            } else {
                cut_row(plane + y * grid.frame.width, grid.frame.width, place.left - grid.pad_left,
                        place.flip_x, target);
            }
        }
    });
}

}  // namespace cytofleet
