#include "kernels/tiles/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "kernels/planes.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

TileGrid grid_of(const Case& golden, Extent frame) {
    const auto& kwargs = golden.json.at("kwargs");
    return make_tile_grid(frame, kwargs.at("tile_overlap").get<double>(),
                          kwargs.at("augment").get<bool>(), kwargs.at("bsize").get<std::int64_t>());
}

TEST(TileGrid, GoldenGrids) {
    for (const Case& golden : cases("stages")) {
        const TileGrid grid = grid_of(golden, extent_of(golden.array("resized")));
        std::ifstream file(golden.folder / "tile_starts.json");
        ASSERT_TRUE(file);
        const nlohmann::json wanted = nlohmann::json::parse(file);
        using Numbers = std::vector<std::int64_t>;
        const auto same = [&](const std::string& what, const Numbers& got) {
            expect_same("stages/" + golden.name, what, got, wanted.at(what).get<Numbers>());
        };
        same("rows", grid.rows);
        same("cols", grid.cols);
        same("tile", {grid.tile.height, grid.tile.width});
        same("padded", {grid.padded.height, grid.padded.width});
        same("pad_top_bottom_left_right",
             {grid.pad_top, grid.padded.height - grid.frame.height - grid.pad_top, grid.pad_left,
              grid.padded.width - grid.frame.width - grid.pad_left});
    }
}

TEST(CutTiles, GoldenTiles) {
    int compared = 0;
    for (const Case& golden : cases("stages")) {
        if (!golden.has("tiles_in")) continue;
        const Npy resized = golden.array("resized");
        const TileGrid grid = grid_of(golden, extent_of(resized));
        const std::vector<float> wanted = golden.array("tiles_in").floats();
        std::vector<float> tiles(wanted.size());
        cut_tiles({2}, grid, planes_of(resized), 2, 0, grid.count(), tiles);
        expect_same("stages/" + golden.name, "tiles_in", tiles, wanted);
        ++compared;
    }
    EXPECT_GT(compared, 0);
}

TEST(TileGrid, TilesPerAxis) {
    const auto rows = [](std::int64_t length) {
        return make_tile_grid({length, 100}, 0.1, false).rows.size();
    };
    EXPECT_EQ(rows(208), 1U);  // padded to 224
    EXPECT_EQ(rows(224), 2U);
    EXPECT_EQ(rows(256), 2U);
    EXPECT_EQ(rows(512), 3U);
    EXPECT_EQ(rows(1024), 6U);
    EXPECT_EQ(rows(2048), 12U);
    EXPECT_EQ(rows(4096), 23U);
}

TEST(TileGrid, TilesLieInsideAndCoverTheFrame) {
    for (const bool augment : {false, true}) {
        for (const double overlap : {0.05, 0.1, 0.5}) {
            for (std::int64_t length = 1; length < 700; length += 13) {
                const TileGrid grid = make_tile_grid({length, 2 * length}, overlap, augment);
                EXPECT_EQ(grid.padded.height % 16, 0);
                EXPECT_EQ(grid.padded.width % 16, 0);
                EXPECT_EQ(grid.rows.front(), 0);
                EXPECT_EQ(grid.rows.back() + grid.tile.height, grid.padded.height);
                for (std::size_t i = 1; i < grid.rows.size(); ++i)
                    EXPECT_LE(grid.rows[i], grid.rows[i - 1] + grid.tile.height);
                EXPECT_EQ(grid.cols.back() + grid.tile.width, grid.padded.width);
                EXPECT_EQ(grid.count() % static_cast<std::int64_t>(grid.rows.size()), 0);
            }
        }
    }
}

struct Flips {
    bool y = false;
    bool x = false;
};

Flips flips_of(const TileGrid& grid, std::size_t row, std::size_t column) {
    return {grid.augment && column % 2 == 1, grid.augment && row % 2 == 1};
}

/// The tiles of cellpose3.md 3.1 to 3.4, pixel by pixel.
std::vector<float> plain_tiles(const TileGrid& grid, std::span<const float> frame,
                               std::int64_t channels) {
    std::vector<float> out;
    for (std::size_t j = 0; j < grid.rows.size(); ++j)
        for (std::size_t i = 0; i < grid.cols.size(); ++i)
            for (std::int64_t c = 0; c < channels; ++c)
                for (std::int64_t r = 0; r < grid.tile.height; ++r)
                    for (std::int64_t s = 0; s < grid.tile.width; ++s) {
                        const auto [flip_y, flip_x] = flips_of(grid, j, i);
                        const std::int64_t y =
                            grid.rows[j] - grid.pad_top + (flip_y ? grid.tile.height - 1 - r : r);
                        const std::int64_t x =
                            grid.cols[i] - grid.pad_left + (flip_x ? grid.tile.width - 1 - s : s);
                        const bool inside =
                            y >= 0 && y < grid.frame.height && x >= 0 && x < grid.frame.width;
                        out.push_back(inside
                                          ? frame[static_cast<std::size_t>(
                                                c * grid.frame.pixels() + y * grid.frame.width + x)]
                                          : 0.0F);
                    }
    return out;
}

/// The mean of cellpose3.md 3.5, pixel by pixel.
std::vector<float> plain_blend(const TileGrid& grid, std::span<const float> tiles) {
    const auto [height, width] = grid.tile;
    const std::int64_t side = std::max({std::int64_t{224}, height, width});
    const auto weight = [&](std::int64_t i, std::int64_t length) {
        const std::int64_t from_corner = side / 2 - length / 2 + i;
        const auto k = static_cast<double>(from_corner);
        const auto full = static_cast<double>(side);
        return 1 / (1 + std::exp((std::abs(k - (full - 1) / 2) - (full / 2 - 20)) / 7.5));
    };
    const auto pixels = static_cast<std::size_t>(grid.padded.pixels());
    std::vector<float> sum(3 * pixels, 0.0F);
    std::vector<double> weights(pixels, 0.0);
    std::size_t tile = 0;
    for (std::size_t j = 0; j < grid.rows.size(); ++j)
        for (std::size_t i = 0; i < grid.cols.size(); ++i, ++tile)
            for (std::int64_t r = 0; r < height; ++r)
                for (std::int64_t s = 0; s < width; ++s) {
                    const auto at = static_cast<std::size_t>(
                        (grid.rows[j] + r) * grid.padded.width + grid.cols[i] + s);
                    const double w = weight(r, height) * weight(s, width);
                    const auto [flip_y, flip_x] = flips_of(grid, j, i);
                    const std::int64_t row = flip_y ? height - 1 - r : r;
                    const std::int64_t column = flip_x ? width - 1 - s : s;
                    weights[at] += w;
                    for (std::size_t c = 0; c < 3; ++c) {
                        float y = tiles[(tile * 3 + c) * static_cast<std::size_t>(height * width) +
                                        static_cast<std::size_t>(row * width + column)];
                        if ((c == 0 && flip_y) || (c == 1 && flip_x)) y = -y;
                        float& to = sum[c * pixels + at];
                        to = static_cast<float>(static_cast<double>(to) +
                                                static_cast<double>(y) * w);
                    }
                }
    std::vector<float> out;
    for (std::size_t c = 0; c < 3; ++c)
        for (std::int64_t y = 0; y < grid.frame.height; ++y)
            for (std::int64_t x = 0; x < grid.frame.width; ++x) {
                const auto at = static_cast<std::size_t>((grid.pad_top + y) * grid.padded.width +
                                                         grid.pad_left + x);
                out.push_back(
                    static_cast<float>(static_cast<double>(sum[c * pixels + at]) / weights[at]));
            }
    return out;
}

std::vector<float> blended(const Exec& exec, const TileGrid& grid, std::span<const float> tiles,
                           std::int64_t batch) {
    const auto size = static_cast<std::size_t>(3 * grid.tile.pixels());
    TileBlend blend(grid);
    while (blend.next() < grid.count()) {
        const std::int64_t count = std::min(batch, grid.count() - blend.next());
        blend.add(exec,
                  tiles.subspan(static_cast<std::size_t>(blend.next()) * size,
                                static_cast<std::size_t>(count) * size),
                  count);
    }
    std::vector<float> out(static_cast<std::size_t>(3 * grid.frame.pixels()));
    blend.finish(exec, out);
    return out;
}

std::vector<TileGrid> grids() {
    return {make_tile_grid({300, 411}, 0.1, false), make_tile_grid({300, 411}, 0.1, true),
            make_tile_grid({40, 250}, 0.37, false), make_tile_grid({40, 250}, 0.1, true),
            make_tile_grid({1, 1}, 0.1, false),     make_tile_grid({70, 61}, 0.2, false, 48)};
}

TEST(CutTiles, EqualsThePlainRule) {
    for (const TileGrid& grid : grids()) {
        const std::vector<float> frame = random_floats(3 * grid.frame.pixels(), 21);
        const std::vector<float> wanted = plain_tiles(grid, frame, 3);
        std::vector<float> tiles(wanted.size());
        cut_tiles({3}, grid, frame, 3, 0, grid.count(), tiles);
        EXPECT_TRUE(same_bits(tiles, wanted));
        const auto size = static_cast<std::size_t>(3 * grid.tile.pixels());
        for (std::int64_t tile = 0; tile < grid.count(); ++tile) {
            std::vector<float> one(size);
            cut_tiles({1}, grid, frame, 3, tile, 1, one);
            EXPECT_TRUE(same_bits(
                one, std::span(wanted).subspan(static_cast<std::size_t>(tile) * size, size)));
        }
    }
}

TEST(TileBlend, EqualsThePlainRuleHoweverItIsRun) {
    for (const TileGrid& grid : grids()) {
        const std::vector<float> tiles =
            random_floats(grid.count() * 3 * grid.tile.pixels(), 22, 10);
        const std::vector<float> wanted = plain_blend(grid, tiles);
        for_every_simd([&](const std::string& name) {
            SCOPED_TRACE(name);
            EXPECT_TRUE(same_bits(blended({1}, grid, tiles, grid.count()), wanted));
            EXPECT_TRUE(same_bits(blended({3}, grid, tiles, 2), wanted));
        });
    }
}

TEST(TileBlend, TilesOfAFrameGiveTheFrame) {
    for (const TileGrid& grid : grids()) {
        const std::vector<float> frame = random_floats(3 * grid.frame.pixels(), 23, 5);
        std::vector<float> tiles = plain_tiles(grid, frame, 3);
        // A network that sees a mirrored frame answers with mirrored flows.
        const auto size = static_cast<std::size_t>(grid.tile.pixels());
        for (std::size_t tile = 0; tile < tiles.size() / (3 * size); ++tile) {
            const auto [y, x] = flips_of(grid, tile / grid.cols.size(), tile % grid.cols.size());
            for (std::size_t i = 0; i < size; ++i) {
                if (y) tiles[tile * 3 * size + i] *= -1;
                if (x) tiles[(tile * 3 + 1) * size + i] *= -1;
            }
        }
        const std::vector<float> got = blended({2}, grid, tiles, 4);
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], frame[i], 5e-6);
    }
}

TEST(TileBlend, BrokenPromisesAreRefused) {
    const TileGrid grid = make_tile_grid({300, 300}, 0.1, false);
    const auto size = static_cast<std::size_t>(3 * grid.tile.pixels());
    std::vector<float> tiles(5 * size);
    std::vector<float> out(static_cast<std::size_t>(3 * grid.frame.pixels()));
    TileBlend blend(grid);
    EXPECT_THROW(blend.add({1}, tiles, 4), std::logic_error);
    EXPECT_THROW(blend.add({1}, tiles, 5), std::logic_error);
    EXPECT_THROW(blend.finish({1}, out), std::logic_error);
    blend.add({1}, std::span(tiles).first(4 * size), 4);
    EXPECT_THROW(blend.finish({1}, std::span(out).first(7)), std::logic_error);
    blend.finish({1}, out);
}

TEST(CutTiles, BrokenPromisesAreRefused) {
    const TileGrid grid = make_tile_grid({20, 20}, 0.1, false);
    std::vector<float> frame(400);
    std::vector<float> tile(static_cast<std::size_t>(grid.tile.pixels()));
    EXPECT_THROW(cut_tiles({1}, grid, frame, 1, 1, 1, tile), std::logic_error);
    EXPECT_THROW(cut_tiles({1}, grid, frame, 2, 0, 1, tile), std::logic_error);
    EXPECT_THROW(cut_tiles({1}, grid, frame, 1, 0, 2, tile), std::logic_error);
    EXPECT_THROW(make_tile_grid({0, 20}, 0.1, false), std::logic_error);
    EXPECT_THROW(make_tile_grid({20, 20}, 0.6, false), std::logic_error);
    EXPECT_THROW(make_tile_grid({20, 20}, 0.1, false, 100), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
