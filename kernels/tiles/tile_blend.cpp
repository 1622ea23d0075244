#include <cstddef>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"
#include "kernels/tiles/blend_lines.hpp"
#include "kernels/tiles/taper.hpp"
#include "kernels/tiles/tile_place.hpp"
#include "kernels/tiles/tiles.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t outputs = 3;  // Y flow, X flow, logit

/// A mirrored tile holds mirrored flows: the component along a mirrored axis points the other way.
cpu::LineTurn turn_of(const TilePlace& place, std::int64_t channel) {
    return {place.flip_x, (channel == 0 && place.flip_y) || (channel == 1 && place.flip_x)};
}

}  // namespace

TileBlend::TileBlend(const TileGrid& grid)
    : grid_(grid),
      sum_(static_cast<std::size_t>(outputs * grid.padded.pixels()), 0.0F),
      weights_(static_cast<std::size_t>(grid.padded.pixels()), 0.0),
      taper_(taper(grid.tile)) {
    require(grid.count() > 0, "blend: a grid without tiles");
    const std::int64_t width = grid.tile.width;
    for (std::int64_t tile = 0; tile < grid.count(); ++tile) {
        const TilePlace place = place_of(grid, tile);
        for (std::int64_t r = 0; r < grid.tile.height; ++r) {
            const double* const from = taper_.data() + r * width;
            double* const to = weights_.data() + (place.top + r) * grid.padded.width + place.left;
            for (std::int64_t x = 0; x < width; ++x) to[x] += from[x];
        }
    }
}

void TileBlend::add(const Exec& exec, std::span<const float> tiles, std::int64_t count) {
    const std::int64_t height = grid_.tile.height;
    const std::int64_t width = grid_.tile.width;
    require(exec.threads >= 1, "blend: at least one thread");
    require(count >= 0 && next_ + count <= grid_.count(), "blend: more tiles than the grid has");
    require(static_cast<std::int64_t>(tiles.size()) == count * outputs * height * width,
            "blend: tiles and count disagree");
    if (count == 0) return;
    const std::int64_t top = place_of(grid_, next_).top;
    const std::int64_t bottom = place_of(grid_, next_ + count - 1).top + height;
    // Every thread has rows of its own and adds the tiles to them in order.
    parallel_even(exec, outputs * (bottom - top), [&](std::int64_t number) {
        const std::int64_t c = number / (bottom - top);
        const std::int64_t y = top + number % (bottom - top);
        float* const sum = sum_.data() + (c * grid_.padded.height + y) * grid_.padded.width;
        for (std::int64_t tile = 0; tile < count; ++tile) {
            const TilePlace place = place_of(grid_, next_ + tile);
            const std::int64_t r = y - place.top;
            if (r < 0 || r >= height) continue;
            const std::int64_t source = place.flip_y ? height - 1 - r : r;
            cpu::add_line(tiles.data() + ((tile * outputs + c) * height + source) * width,
                          turn_of(place, c), taper_.data() + r * width,
                          static_cast<std::size_t>(width), sum + place.left);
        }
    });
    next_ += count;
}

void TileBlend::finish(const Exec& exec, std::span<float> out) const {
    require(exec.threads >= 1, "blend: at least one thread");
    require(next_ == grid_.count(), "blend: tiles are missing");
    require(static_cast<std::int64_t>(out.size()) == outputs * grid_.frame.pixels(),
            "blend: output and frame disagree");
    parallel_even(exec, outputs * grid_.frame.height, [&](std::int64_t number) {
        const std::int64_t c = number / grid_.frame.height;
        const std::int64_t y = number % grid_.frame.height;
        const std::int64_t at = (grid_.pad_top + y) * grid_.padded.width + grid_.pad_left;
        cpu::divide_line(sum_.data() + c * grid_.padded.pixels() + at, weights_.data() + at,
                         static_cast<std::size_t>(grid_.frame.width),
                         out.data() + number * grid_.frame.width);
    });
}

}  // namespace cytofleet
