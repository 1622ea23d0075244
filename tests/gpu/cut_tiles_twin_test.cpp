// From raw frame to network input on the device, against the CPU's normalize, resize_input and
// cut_tiles, bit for bit.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/normalize/percentile_cuda.hpp"
#include "kernels/planes.hpp"
#include "kernels/tiles/cut_tiles_cuda.hpp"
#include "kernels/tiles/tiles.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

constexpr cuda::Stream stream = nullptr;
constexpr int channels = 2;

/// Planes in the type of their file, and what is done with them.
template <class Pixel>
struct Frame {
    std::vector<Pixel> pixels;
    Extent extent;
    bool normalize = true;
    bool invert = false;
    float rest = 0;
    int planes() const {
        return static_cast<int>(static_cast<std::int64_t>(pixels.size()) / extent.pixels());
    }
};

/// All tiles, cut in two calls when there is more than one.
template <class Pixel>
std::vector<float> cut_there(const Frame<Pixel>& frame, const TileGrid& grid,
                             cuda::TileLayout layout) {
    const cuda::DeviceGrid there(stream, grid);
    const cuda::DeviceArray<Pixel> pixels(stream, std::span(frame.pixels));
    cuda::DeviceArray<FrameScale> scales(channels);
    cuda::DeviceArray<std::byte> scratch(cuda::frame_scale_scratch_bytes());
    for (std::int64_t c = 0; frame.normalize && c < frame.planes(); ++c)
        cuda::frame_scale(stream, pixels.data() + c * frame.extent.pixels(), frame.extent, {1, 99},
                          scratch.data(), scales.data() + c);
    const cuda::FrameSource<Pixel> source{pixels.data(),  frame.extent,
                                          frame.planes(), frame.normalize ? scales.data() : nullptr,
                                          frame.invert,   frame.rest};
    const std::int64_t floats = channels * grid.tile.pixels();
    cuda::DeviceArray<float> out(static_cast<std::size_t>(grid.count() * floats));
    const std::int64_t half = grid.count() / 2;
    cuda::cut_tiles(stream, source, there.view(), channels, layout, 0, half, out.data());
    cuda::cut_tiles(stream, source, there.view(), channels, layout, half, grid.count() - half,
                    out.data() + half * floats);
    return out.read(stream);
}

std::vector<float> cut_here(std::vector<float> planes, Extent from, const TileGrid& grid) {
    const auto in = static_cast<std::size_t>(from.pixels());
    const auto size = static_cast<std::size_t>(grid.frame.pixels());
    std::vector<float> small(channels * size);
    for (std::size_t c = 0; c < channels; ++c)
        resize_input({1}, std::span(planes).subspan(c * in, in), from,
                     std::span(small).subspan(c * size, size), grid.frame);
    std::vector<float> out(static_cast<std::size_t>(grid.count() * channels * grid.tile.pixels()));
    cut_tiles({1}, grid, small, channels, 0, grid.count(), out);
    return out;
}

template <class Pixel>
std::vector<float> cut_here(const Frame<Pixel>& frame, const TileGrid& grid) {
    std::vector<float> planes(frame.pixels.begin(), frame.pixels.end());
    planes.resize(static_cast<std::size_t>(channels * frame.extent.pixels()), frame.rest);
    NormalizeOptions options;
    options.invert = frame.invert;
    const auto measured = static_cast<std::size_t>(frame.planes() * frame.extent.pixels());
    if (frame.normalize)
        normalize({1}, std::span(planes).first(measured), frame.planes(), frame.extent.height,
                  frame.extent.width, options);
    return cut_here(std::move(planes), frame.extent, grid);
}

/// (n, 2, h, w) to (n, h, w, 2).
std::vector<float> channels_last(const TileGrid& grid, const std::vector<float>& tiles) {
    const auto area = static_cast<std::size_t>(grid.tile.pixels());
    std::vector<float> out(tiles.size());
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const std::size_t tile = i / (channels * area);
        out[(tile * area + i % area) * channels + i / area % channels] = tiles[i];
    }
    return out;
}

/// Every bit equal, but a NaN is a NaN.
testing::AssertionResult same(std::vector<float> got, std::vector<float> wanted) {
    for (std::vector<float>* values : {&got, &wanted})
        for (float& value : *values)
            if (std::isnan(value)) value = std::numeric_limits<float>::quiet_NaN();
    return test::same_bits(got, wanted);
}

template <class Pixel>
void expect_twins(const Frame<Pixel>& frame, const TileGrid& grid) {
    SCOPED_TRACE(testing::Message() << frame.extent.height << " x " << frame.extent.width << " to "
                                    << grid.frame.height << " x " << grid.frame.width);
    const std::vector<float> wanted = cut_here(frame, grid);
    EXPECT_TRUE(same(cut_there(frame, grid, cuda::TileLayout::planar), wanted));
    EXPECT_TRUE(
        same(cut_there(frame, grid, cuda::TileLayout::channels_last), channels_last(grid, wanted)));
}

template <class Pixel>
Frame<Pixel> random_frame(Extent extent, unsigned seed, std::int64_t planes = 1) {
    Frame<Pixel> frame{{}, extent};
    for (const float value : test::random_floats(planes * extent.pixels(), seed, 60))
        frame.pixels.push_back(static_cast<Pixel>(std::clamp(100 + value, 0.0F, 255.0F)));
    return frame;
}

/// Sizes before and after: as it is, half, half of one axis only, larger, smaller, one pixel.
std::vector<std::array<Extent, 2>> sizes() {
    return {{Extent{45, 70}, Extent{45, 70}}, {Extent{46, 94}, Extent{23, 47}},
            {Extent{46, 94}, Extent{23, 94}}, {Extent{31, 43}, Extent{75, 51}},
            {Extent{75, 51}, Extent{31, 43}}, {Extent{1, 30}, Extent{9, 35}},
            {Extent{1, 1}, Extent{3, 1}}};
}

TEST(CutTilesTwin, EverySizeAndPixelType) {
    for (const auto& [from, to] : sizes())
        for (const bool augment : {false, true}) {
            const TileGrid grid = make_tile_grid(to, 0.2, augment, 48);
            expect_twins(random_frame<std::uint8_t>(from, 1), grid);
            expect_twins(random_frame<float>(from, 3), grid);
            test::in_every_order([&, from = from] {
                expect_twins(random_frame<std::uint16_t>(from, augment ? 4 : 2, augment ? 2 : 1),
                             grid);
            });
        }
}

TEST(CutTilesTwin, InvertedFlatAndBroken) {
    const TileGrid grid = make_tile_grid({33, 51}, 0.1, false, 48);
    Frame<float> frame = random_frame<float>({31, 43}, 5);
    frame.invert = true;
    expect_twins(frame, grid);
    frame.pixels[50] = std::numeric_limits<float>::quiet_NaN();  // stays raw
    expect_twins(frame, grid);
    std::fill(frame.pixels.begin(), frame.pixels.end(), 7.1F);  // stays raw, and resizing rounds it
    expect_twins(frame, grid);
    frame.pixels[50] = 7.1005F;  // hardly any range: zeros, inverted
    expect_twins(frame, grid);
}

TEST(CutTilesTwin, WhatTheCallerHasNormalised) {
    for (const auto& [from, to] : sizes()) {
        const TileGrid grid = make_tile_grid(to, 0.1, true, 48);
        Frame<float> frame{test::random_floats(from.pixels(), 6), from, false};
        frame.rest = -0.7F;  // lowhigh makes that of zeros
        expect_twins(frame, grid);
        frame.pixels = test::random_floats(2 * from.pixels(), 7);
        expect_twins(frame, grid);
    }
}

TEST(CutTilesTwin, TilesOfTheNetworksSize) {
    expect_twins(random_frame<std::uint16_t>({190, 260}, 8), make_tile_grid({211, 289}, 0.1, true));
    expect_twins(random_frame<std::uint8_t>({300, 90}, 9), make_tile_grid({280, 84}, 0.1, false));
}

/// True where the device's percentiles do all there is to do.
bool by_percentiles(const nlohmann::json& kwargs) {
    const auto& how = kwargs.at("normalize");
    if (how.is_boolean()) return how.get<bool>();
    for (const char* other : {"lowhigh", "sharpen_radius", "smooth_radius", "tile_norm_blocksize",
                              "percentile", "normalize"})
        if (how.contains(other)) return false;
    return true;
}

template <class Pixel>
std::vector<Pixel> pixels_of(const test::Npy& array) {
    const std::vector<float> values = array.floats();
    return {values.begin(), values.end()};
}

/// From the file's pixels, or, where the CPU normalises, from what it makes of them.
std::vector<float> golden_there(const test::Case& golden, const TileGrid& grid) {
    const auto planar = cuda::TileLayout::planar;
    const test::Npy normalised = golden.array("normalised");
    const Extent extent = test::extent_of(normalised);
    const test::Npy input = golden.array("input");
    const auto& kwargs = golden.json.at("kwargs");
    if (!by_percentiles(kwargs))
        return cut_there(Frame<float>{test::planes_of(normalised), extent, false}, grid, planar);
    const auto& how = kwargs.at("normalize");
    const bool invert =
        how.is_boolean() ? kwargs.at("invert").get<bool>() : how.value("invert", false);
    if (input.shape.size() != 2)
        return cut_there(Frame<float>{test::channels_of(golden, extent), extent, true, invert},
                         grid, planar);
    if (input.type == "u1")
        return cut_there(Frame<std::uint8_t>{pixels_of<std::uint8_t>(input), extent, true, invert},
                         grid, planar);
    if (input.type == "u2")
        return cut_there(
            Frame<std::uint16_t>{pixels_of<std::uint16_t>(input), extent, true, invert}, grid,
            planar);
    return cut_there(Frame<float>{input.floats(), extent, true, invert}, grid, planar);
}

TEST(CutTilesTwin, GoldenTiles) {
    std::size_t stored = 0;
    std::size_t measured = 0;
    for (const test::Case& golden : test::cases("stages")) {
        SCOPED_TRACE(golden.name);
        const test::Npy resized = golden.array("resized");
        const auto& kwargs = golden.json.at("kwargs");
        const TileGrid grid = make_tile_grid(
            test::extent_of(resized), kwargs.at("tile_overlap").get<double>(),
            kwargs.at("augment").get<bool>(), kwargs.at("bsize").get<std::int64_t>());
        const std::vector<float> got = golden_there(golden, grid);
        EXPECT_TRUE(same(got, cut_here(test::planes_of(resized), grid.frame, grid)));
        measured += by_percentiles(kwargs) ? 1 : 0;
        if (!golden.has("tiles_in")) continue;
        EXPECT_TRUE(same(got, golden.array("tiles_in").floats()));
        ++stored;
    }
    EXPECT_GT(stored, 3U);
    EXPECT_GT(measured, 5U);
}

}  // namespace
}  // namespace cytofleet
