// The device's blending of tiles against the CPU twin, bit for bit.
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/planes.hpp"
#include "kernels/tiles/blend_cuda.hpp"
#include "kernels/tiles/tiles.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t outputs = 3;

std::vector<float> blended_there(const TileGrid& grid, const std::vector<float>& tiles,
                                 cuda::TileLayout layout) {
    const cuda::Stream stream = nullptr;
    const cuda::DeviceGrid there(stream, grid);
    const cuda::DeviceArray<float> in(stream, std::span(tiles));
    cuda::DeviceArray<float> out(static_cast<std::size_t>(outputs * grid.frame.pixels()));
    cuda::blend_tiles(stream, there.view(), in.data(), layout, out.data());
    return out.read(stream);
}

std::vector<float> blended_here(const TileGrid& grid, const std::vector<float>& tiles) {
    TileBlend blend(grid);
    blend.add({1}, tiles, grid.count());
    std::vector<float> out(static_cast<std::size_t>(outputs * grid.frame.pixels()));
    blend.finish({1}, out);
    return out;
}

/// (n, 3, h, w) to (n, h, w, 3).
std::vector<float> channels_last(const TileGrid& grid, const std::vector<float>& tiles) {
    const auto area = static_cast<std::size_t>(grid.tile.pixels());
    std::vector<float> out(tiles.size());
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const std::size_t tile = i / (outputs * area);
        const std::size_t channel = i / area % outputs;
        out[(tile * area + i % area) * outputs + channel] = tiles[i];
    }
    return out;
}

void expect_twins(const TileGrid& grid, const std::vector<float>& tiles) {
    SCOPED_TRACE(testing::Message() << grid.frame.height << " x " << grid.frame.width
                                    << (grid.augment ? ", augmented" : ""));
    const std::vector<float> wanted = blended_here(grid, tiles);
    const std::vector<float> turned = channels_last(grid, tiles);
    EXPECT_TRUE(test::same_bits(blended_there(grid, tiles, cuda::TileLayout::planar), wanted));
    EXPECT_TRUE(
        test::same_bits(blended_there(grid, turned, cuda::TileLayout::channels_last), wanted));
}

TEST(BlendTwin, SmallTilesInEveryOrder) {
    for (const bool augment : {false, true})
        for (const double overlap : {0.05, 0.1, 0.5})
            for (const Extent frame : {Extent{1, 1}, {70, 61}, {33, 5}, {16, 129}}) {
                const TileGrid grid = make_tile_grid(frame, overlap, augment, 48);
                const std::vector<float> tiles =
                    test::random_floats(grid.count() * outputs * grid.tile.pixels(), 22, 10);
                test::in_every_order([&] { expect_twins(grid, tiles); });
            }
}

TEST(BlendTwin, TilesOfTheNetworksSize) {
    for (const TileGrid& grid :
         {make_tile_grid({300, 411}, 0.1, false), make_tile_grid({300, 211}, 0.1, true),
          make_tile_grid({40, 250}, 0.37, false), make_tile_grid({40, 250}, 0.1, true),
          make_tile_grid({100, 260}, 0.1, false, 256)})
        expect_twins(grid,
                     test::random_floats(grid.count() * outputs * grid.tile.pixels(), 23, 10));
}

TEST(BlendTwin, HugeAndTinyValues) {
    const TileGrid grid = make_tile_grid({70, 61}, 0.2, true, 48);
    std::vector<float> tiles =
        test::random_floats(grid.count() * outputs * grid.tile.pixels(), 24, 1e-39F);
    for (std::size_t i = 0; i < tiles.size(); i += 5) tiles[i] = 0.0F * tiles[i];  // both signs
    for (std::size_t i = 3; i < tiles.size(); i += 97) tiles[i] = std::numeric_limits<float>::max();
    test::in_every_order([&] { expect_twins(grid, tiles); });
}

}  // namespace
}  // namespace cytofleet
