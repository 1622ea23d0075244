#include "kernels/normalize/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>

#include "kernels/planes.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(Normalize, GoldenFrames) {
    for (const Case& golden : cases("stages")) {
        const Npy stored = golden.array("normalised");
        const Extent extent = extent_of(stored);
        std::vector<float> image = channels_of(golden, extent);
        const NormalizeOptions options = normalize_options_of(golden.json.at("kwargs"));
        normalize({2}, image, 2, extent.height, extent.width, options);
        const std::string name = "stages/" + golden.name;
        if (options.sharpen_radius > 0)  // Python's Fourier transforms are fp32
            expect_within(name, "normalised", image, planes_of(stored), 1e-5);
        else
            expect_same(name, "normalised", image, planes_of(stored));
    }
}

std::vector<NormalizeOptions> all_ways() {
    std::vector<NormalizeOptions> ways(7);
    ways[1].invert = true;
    ways[2].lowhigh = {{{0.1, 1.7}, {-3.3, 2.9}}};
    ways[3].tile_norm_blocksize = 40;
    ways[4].smooth_radius = 1.5;
    ways[5].sharpen_radius = 6;
    ways[6].smooth_radius = 2;
    ways[6].sharpen_radius = 5;
    ways[6].tile_norm_blocksize = 50;
    return ways;
}

TEST(Normalize, ThreadsAndInstructionSetsDoNotShow) {
    const Extent extent{301, 347};  // more than 65536 pixels, no multiple of a vector
    const std::vector<float> frame = random_floats(2 * extent.pixels(), 5, 300);
    for (const NormalizeOptions& options : all_ways()) {
        std::vector<float> wanted = frame;
        normalize({1}, wanted, 2, extent.height, extent.width, options);
        for_every_simd([&](const std::string& name) {
            SCOPED_TRACE(name);
            for (const int threads : {1, 3}) {
                std::vector<float> image = frame;
                normalize({threads}, image, 2, extent.height, extent.width, options);
                EXPECT_TRUE(same_bits(image, wanted));
            }
        });
    }
}

TEST(Normalize, AConstantFrameStaysAsItIs) {
    std::vector<float> image(60, 7.0F);
    NormalizeOptions options;
    options.invert = true;
    normalize({1}, image, 1, 6, 10, options);
    EXPECT_TRUE(same_bits(image, std::vector<float>(60, 7.0F)));
}

TEST(Normalize, ANanAnywhereLeavesTheChannelAsItIs) {
    for (const std::size_t where : {std::size_t{0}, std::size_t{37}, std::size_t{5101}}) {
        std::vector<float> image = random_floats(5102, 1);
        image[where] = nan;
        const std::vector<float> before = image;
        normalize({2}, image, 1, 2, 2551, {});
        EXPECT_TRUE(same_bits(image, before)) << where;
    }
}

TEST(Normalize, AlmostNoRangeGivesZeros) {
    std::vector<float> image(100, 1.0F);
    image[3] = 1.0009F;
    normalize({1}, image, 1, 10, 10, {});
    EXPECT_TRUE(same_bits(image, std::vector<float>(100, 0.0F)));
}

TEST(Normalize, SwitchedOffDoesNothing) {
    NormalizeOptions options = all_ways()[6];
    options.normalize = false;
    options.invert = true;
    std::vector<float> image = random_floats(100, 1);
    const std::vector<float> before = image;
    normalize({1}, image, 1, 10, 10, options);
    EXPECT_TRUE(same_bits(image, before));
}

TEST(Normalize, LowHighAppliesToAnEmptyChannelToo) {
    std::vector<float> image(8, 0.0F);
    std::fill_n(image.begin(), 4, 30.0F);
    NormalizeOptions options;
    options.lowhigh = {{{10, 20}, {10, 20}}};
    normalize({1}, image, 2, 2, 2, options);
    EXPECT_TRUE(same_bits(image, std::vector<float>{2, 2, 2, 2, -1, -1, -1, -1}));
    options.invert = true;
    image.assign(8, 20.0F);
    normalize({1}, image, 2, 2, 2, options);
    EXPECT_TRUE(same_bits(image, std::vector<float>(8, 0.0F)));
}

TEST(TileNorm, InvertIsIgnored) {
    NormalizeOptions options;
    options.tile_norm_blocksize = 30;
    std::vector<float> plain = random_floats(70 * 90, 9, 50);
    std::vector<float> inverted = plain;
    normalize({1}, plain, 1, 70, 90, options);
    options.invert = true;
    normalize({1}, inverted, 1, 70, 90, options);
    EXPECT_TRUE(same_bits(inverted, plain));
}

TEST(TileNorm, AFrameOfFlatTilesStaysAsItIs) {
    NormalizeOptions options;
    options.tile_norm_blocksize = 30;
    std::vector<float> image(70 * 90, 3.0F);
    normalize({1}, image, 1, 70, 90, options);
    EXPECT_TRUE(same_bits(image, std::vector<float>(70 * 90, 3.0F)));
}

TEST(TileNorm, FlatTilesTakeTheirNeighboursNumbers) {
    // Left half flat: without its neighbours' percentiles it would be divided by nothing.
    const std::int64_t width = 120;
    std::vector<float> image = random_floats(60 * width, 9, 50);
    for (std::size_t i = 0; i < image.size(); ++i)
        if (i % static_cast<std::size_t>(width) < 80) image[i] = 0.0F;
    NormalizeOptions options;
    options.tile_norm_blocksize = 30;
    normalize({1}, image, 1, 60, width, options);
    for (const float value : image) {
        ASSERT_TRUE(std::isfinite(value));
        ASSERT_LT(std::abs(value), 10.0F);
    }
}

TEST(TileNorm, ABlockLargerThanTheFrameIsOneTile) {
    NormalizeOptions tiled;
    tiled.tile_norm_blocksize = 1000;
    std::vector<float> image = random_floats(40 * 50, 9, 50);
    std::vector<float> whole = image;
    normalize({1}, image, 1, 40, 50, tiled);
    normalize({1}, whole, 1, 40, 50, {});
    for (std::size_t i = 0; i < image.size(); ++i) ASSERT_NEAR(image[i], whole[i], 1e-5);
}

TEST(TileNorm, ANanSpreadsButDoesNoHarm) {
    NormalizeOptions options;
    options.tile_norm_blocksize = 20;
    std::vector<float> image = random_floats(60 * 60, 9, 50);
    image[100] = nan;
    normalize({2}, image, 1, 60, 60, options);
    EXPECT_TRUE(std::isnan(image[100]));
}

/// The gaussian of cellpose3.md 2.4 on the whole grid.
std::vector<double> gaussian(Extent extent, double sigma) {
    const auto axis = [&](std::int64_t i, std::int64_t length) {
        const auto side = static_cast<double>(extent.height);
        return -side / 2 + static_cast<double>(i) * (side + 1) / static_cast<double>(length - 1);
    };
    std::vector<double> out;
    for (std::int64_t y = 0; y < extent.height; ++y)
        for (std::int64_t x = 0; x < extent.width; ++x)
            out.push_back(std::exp(
                -(std::pow(axis(y, extent.height), 2) + std::pow(axis(x, extent.width), 2)) /
                (2 * sigma * sigma)));
    const double sum = std::accumulate(out.begin(), out.end(), 0.0);
    for (double& weight : out) weight /= sum;
    return out;
}

/// The circular sums that Python's Fourier transforms stand for, one by one.
std::vector<float> sharpened(std::span<const float> image, Extent extent, double smooth,
                             double sharpen) {
    const auto [height, width] = extent;
    std::vector<double> kernel(image.size(), 0.0);
    if (smooth > 0) kernel = gaussian(extent, smooth);
    if (sharpen > 0) {
        const std::vector<double> surround = gaussian(extent, sharpen);
        for (std::size_t i = 0; i < kernel.size(); ++i) kernel[i] -= surround[i];
        if (smooth == 0) kernel[static_cast<std::size_t>(height / 2 * width + width / 2)] = 1;
    }
    std::vector<float> out;
    for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) {
            double sum = 0;
            for (std::int64_t j = 0; j < height; ++j)
                for (std::int64_t i = 0; i < width; ++i) {
                    const std::int64_t row = (y + j + height - height / 2) % height;
                    const std::int64_t column = (x + i + width - width / 2) % width;
                    sum +=
                        kernel[static_cast<std::size_t>(j * width + i)] *
                        static_cast<double>(image[static_cast<std::size_t>(row * width + column)]);
                }
            out.push_back(static_cast<float>(sum));
        }
    }
    return out;
}

TEST(Sharpen, EqualsTheDefinition) {
    for (const Extent extent : {Extent{20, 20}, Extent{21, 20}, Extent{13, 37}, Extent{40, 11}}) {
        const std::vector<float> frame = random_floats(extent.pixels(), 3, 100);
        for (const auto& [smooth, sharpen] :
             {std::array{2.0, 0.0}, {0.0, 3.0}, {1.0, 4.0}, {0.7, 50.0}}) {
            SCOPED_TRACE(testing::Message() << extent.height << " x " << extent.width << ", "
                                            << smooth << ", " << sharpen);
            // lowhigh would skip it; percentiles are undone by comparing normalised with
            // normalised.
            std::vector<float> wanted = sharpened(frame, extent, smooth, sharpen);
            normalize({1}, wanted, 1, extent.height, extent.width, {});
            std::vector<float> image = frame;
            NormalizeOptions options;
            options.smooth_radius = smooth;
            options.sharpen_radius = sharpen;
            normalize({1}, image, 1, extent.height, extent.width, options);
            for (std::size_t i = 0; i < image.size(); ++i)
                ASSERT_NEAR(image[i], wanted[i], 1e-5) << "at " << i;
        }
    }
}

TEST(Normalize, BrokenPromisesAreRefused) {
    std::vector<float> image(12);
    EXPECT_THROW(normalize({0}, image, 1, 3, 4, {}), std::logic_error);
    EXPECT_THROW(normalize({1}, image, 1, 3, 5, {}), std::logic_error);
    EXPECT_THROW(normalize({1}, image, 3, 2, 2, {}), std::logic_error);
    EXPECT_THROW(normalize({1}, {}, 1, 0, 4, {}), std::logic_error);
    for (const std::array<double, 2> percent :
         {std::array{-1.0, 99.0}, {1.0, 101.0}, {50.0, 50.0}}) {
        NormalizeOptions options;
        options.percentile = percent;
        EXPECT_THROW(normalize({1}, image, 1, 3, 4, options), std::logic_error);
    }
    NormalizeOptions negative;
    negative.smooth_radius = -1;
    EXPECT_THROW(normalize({1}, image, 1, 3, 4, negative), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
