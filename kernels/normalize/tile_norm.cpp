#include "kernels/normalize/tile_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/normalize/percentile.hpp"
#include "kernels/normalize/pixel_lines.hpp"
#include "kernels/support/parallel.hpp"
#include "kernels/tiles/starts.hpp"

namespace cytofleet::cpu {
namespace {

/// One number per tile for each of the two percentages.
struct TileMaps {
    Extent tiles;
    std::vector<float> low;
    std::vector<float> high;
};

TileMaps measure(const Exec& exec, std::span<const float> plane, Extent extent, std::int64_t block,
                 std::array<double, 2> percent) {
    constexpr double overlap = 0.1;
    const std::vector<std::int64_t> rows = tile_starts(extent.height, block, overlap);
    const std::vector<std::int64_t> columns = tile_starts(extent.width, block, overlap);
    const Extent tile{std::min(block, extent.height), std::min(block, extent.width)};
    TileMaps maps{
        {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size())},
        {},
        {}};
    const std::int64_t count = maps.tiles.pixels();
    maps.low.resize(static_cast<std::size_t>(count));
    maps.high.resize(static_cast<std::size_t>(count));
    const auto pixels = static_cast<std::size_t>(tile.pixels());
    std::vector<float> copies(pixels * static_cast<std::size_t>(exec.threads));
    parallel_even(exec, count, [&](std::int64_t k, int thread) {
        const auto copy =
            std::span(copies).subspan(pixels * static_cast<std::size_t>(thread), pixels);
        const std::int64_t top = rows[static_cast<std::size_t>(k / maps.tiles.width)];
        const std::int64_t left = columns[static_cast<std::size_t>(k % maps.tiles.width)];
        for (std::int64_t y = 0; y < tile.height; ++y)
            std::copy_n(plane.data() + (top + y) * extent.width + left, tile.width,
                        copy.data() + y * tile.width);
        const auto [low, high] = percentiles_in_place(copy, percent);
        maps.low[static_cast<std::size_t>(k)] = low;
        maps.high[static_cast<std::size_t>(k)] = high;
    });
    return maps;
}

/// Tiles of one value take the numbers of the nearest other tile, the first in raster order of
/// those equally near.
void fill_flat(TileMaps& maps) {
    std::vector<std::int64_t> flat;
    std::vector<std::int64_t> good;
    for (std::size_t k = 0; k < maps.low.size(); ++k)
        (maps.high[k] - maps.low[k] < 1e-3F ? flat : good).push_back(static_cast<std::int64_t>(k));
    if (good.empty()) {
        std::ranges::fill(maps.low, 0.0F);
        std::ranges::fill(maps.high, 1.0F);
        return;
    }
    const std::int64_t width = maps.tiles.width;
    for (const std::int64_t k : flat) {
        const auto distance = [&](std::int64_t other) {
            const std::int64_t dy = k / width - other / width;
            const std::int64_t dx = k % width - other % width;
            return dy * dy + dx * dx;
        };
        const auto nearest =
            static_cast<std::size_t>(*std::ranges::min_element(good, {}, distance));
        maps.low[static_cast<std::size_t>(k)] = maps.low[nearest];
        maps.high[static_cast<std::size_t>(k)] = maps.high[nearest];
    }
}

/// Index of a line continued by its mirror image, edge values twice.
std::size_t mirrored(std::int64_t index, std::int64_t length) {
    const std::int64_t period = 2 * length;
    const std::int64_t wrapped = (index % period + period) % period;
    return static_cast<std::size_t>(wrapped < length ? wrapped : period - 1 - wrapped);
}

/// Gaussian of sigma 1 over the rows of tiles, as scipy's gaussian_filter1d sums it.
void smooth_rows(std::vector<float>& map, Extent tiles) {
    constexpr std::int64_t radius = 4;
    std::array<double, 2 * radius + 1> kernel{};
    for (std::size_t i = 0; i < kernel.size(); ++i) {
        const double x = static_cast<double>(i) - static_cast<double>(radius);
        kernel[i] = std::exp(-0.5 * x * x);
    }
    // numpy adds the first eight in pairs of pairs.
    const double sum = ((kernel[0] + kernel[1]) + (kernel[2] + kernel[3])) +
                       ((kernel[4] + kernel[5]) + (kernel[6] + kernel[7])) + kernel[8];
    for (double& weight : kernel) weight /= sum;
    const std::vector<float> before = map;
    for (std::int64_t y = 0; y < tiles.height; ++y) {
        for (std::int64_t x = 0; x < tiles.width; ++x) {
            const auto at = [&](std::int64_t row) {
                const std::size_t source = mirrored(row, tiles.height);
                return static_cast<double>(before[source * static_cast<std::size_t>(tiles.width) +
                                                  static_cast<std::size_t>(x)]);
            };
            double value = at(y) * kernel[radius];
            for (std::int64_t i = radius; i > 0; --i)
                value += (at(y - i) + at(y + i)) * kernel[static_cast<std::size_t>(radius - i)];
            map[static_cast<std::size_t>(y * tiles.width + x)] = static_cast<float>(value);
        }
    }
}

}  // namespace

void tile_norm(const Exec& exec, std::span<float> plane, Extent extent, std::int64_t block,
               std::array<double, 2> percent) {
    TileMaps maps = measure(exec, plane, extent, block, percent);
    fill_flat(maps);
    std::vector<float> low(plane.size());
    std::vector<float> high(plane.size());
    // Python smooths over the planes of a stack and twice over the rows of tiles, never over
    // columns.
    for (std::vector<float>* const map : {&maps.low, &maps.high}) {
        smooth_rows(*map, maps.tiles);
        smooth_rows(*map, maps.tiles);
        cytofleet::resize_input(exec, *map, maps.tiles, map == &maps.low ? low : high, extent);
    }
    scale_each(exec, plane, low, high);
}

}  // namespace cytofleet::cpu
