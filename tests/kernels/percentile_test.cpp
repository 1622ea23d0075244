#include "kernels/normalize/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/normalize/order_statistics.hpp"
#include "kernels/planes.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

std::string hash_of(std::span<const float> values) {
    Sha256 hash;
    hash.update(std::as_bytes(values));
    return hash.hex();
}

/// The two large frames of the golden data are not stored.
std::vector<float> generated(std::size_t count) {
    std::uint32_t state = 1;
    std::vector<float> out(count);
    for (float& value : out) {
        state = state * 1664525U + 1013904223U;
        value = static_cast<float>(state >> 8U);
    }
    return out;
}

struct Frame {
    Extent extent;
    std::vector<float> values;
};

Frame frame_of(const Case& golden) {
    const auto shape = golden.json.at("shape").get<std::vector<std::int64_t>>();
    Frame frame{{shape.at(0), shape.at(1)}, {}};
    if (golden.json.contains("generator")) {
        frame.values = generated(static_cast<std::size_t>(frame.extent.pixels()));
        EXPECT_EQ(hash_of(frame.values), golden.json.at("sha256_of_input"));
    } else {
        frame.values = golden.array("input").floats();
    }
    return frame;
}

float hex(const nlohmann::json& value) {
    return std::strtof(value.get<std::string>().c_str(), nullptr);
}

TEST(Percentile, GoldenPercentiles) {
    for (const Case& golden : cases("percentile")) {
        const Frame frame = frame_of(golden);
        const auto percent = golden.json.at("percentiles").get<std::array<double, 2>>();
        const auto [low, high] = cpu::frame_percentiles({2}, frame.values, frame.extent, percent);
        expect_same<float>("percentile/" + golden.name, "low, high", {low, high},
                           {hex(golden.json.at("low_hex")), hex(golden.json.at("high_hex"))});
    }
}

TEST(Percentile, GoldenNormalisedFrames) {
    for (const Case& golden : cases("percentile")) {
        Frame frame = frame_of(golden);
        NormalizeOptions options;
        options.percentile = golden.json.at("percentiles").get<std::array<double, 2>>();
        normalize({2}, frame.values, 1, frame.extent.height, frame.extent.width, options);
        const std::string name = "percentile/" + golden.name;
        const std::string hash = hash_of(frame.values);
        const std::string wanted = golden.json.at("sha256_of_output");
        expect_same<char>(name, "hash of the normalised frame", {hash.begin(), hash.end()},
                          {wanted.begin(), wanted.end()});
        const auto first = golden.json.at("output_first").get<std::vector<float>>();
        expect_same(name, "first pixels",
                    {frame.values.begin(),
                     frame.values.begin() + static_cast<std::ptrdiff_t>(first.size())},
                    first);
    }
}

/// Frames of all kinds, on both sides of the size where the algorithm changes.
std::vector<std::vector<float>> awkward_sets() {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::vector<std::vector<float>> sets;
    for (const std::int64_t size : {1, 2, 3, 1000, 65535, 65536, 65537, 200001}) {
        sets.push_back(random_floats(size, 1, 1e3F));
        sets.push_back(random_floats(size, 2, 1e-40F));  // subnormal
        sets.push_back(random_floats(size, 3, 3.0F));
        for (float& value : sets.back()) value = std::round(value);  // ties, zeros of both signs
        sets.push_back(random_floats(size, 4, 1e38F));
        sets.back().front() = infinity;
        sets.back().back() = -infinity;
        sets.emplace_back(static_cast<std::size_t>(size), 7.0F);
        sets.push_back(random_floats(size, 5, 1e-4F));
        for (float& value : sets.back()) value += 1000.0F;  // one upper half, many lower ones
    }
    return sets;
}

TEST(OrderStatistics, EqualSorting) {
    for (const std::vector<float>& values : awkward_sets()) {
        std::vector<float> sorted = values;
        std::ranges::sort(sorted);
        const auto last = static_cast<std::int64_t>(values.size()) - 1;
        for (const cpu::FourRanks& ranks :
             {cpu::FourRanks{0, 0, last, last}, cpu::FourRanks{0, last, last, last},
              cpu::FourRanks{last / 3, std::min(last / 3 + 1, last), last / 3 * 2, last},
              cpu::FourRanks{last / 2, last / 2, last / 2, last / 2}}) {
            std::vector<float> copy = values;
            const cpu::FourValues one = cpu::order_statistics({1}, values, ranks);
            const cpu::FourValues three = cpu::order_statistics({3}, values, ranks);
            const cpu::FourValues moved = cpu::order_statistics_in_place(copy, ranks);
            for (std::size_t i = 0; i < ranks.size(); ++i) {
                const float wanted = sorted[static_cast<std::size_t>(ranks[i])];
                EXPECT_EQ(one[i], wanted) << values.size() << " values, rank " << ranks[i];
                EXPECT_EQ(three[i], wanted) << values.size() << " values, rank " << ranks[i];
                EXPECT_EQ(moved[i], wanted) << values.size() << " values, rank " << ranks[i];
            }
        }
    }
}

TEST(Percentile, ANanMakesBothNan) {
    std::vector<float> values = random_floats(100, 1);
    values[50] = std::numeric_limits<float>::quiet_NaN();
    const auto [low, high] = cpu::percentiles_in_place(values, {1, 99});
    EXPECT_TRUE(std::isnan(low));
    EXPECT_TRUE(std::isnan(high));
}

TEST(Percentile, TheIndexIsFp32) {
    // 99 % of 2048^2 - 1 is 4152359.97, in fp32 4152360: one value further, and no interpolation.
    std::vector<float> values(std::size_t{2048} * 2048);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const auto [low, high] = cpu::percentiles({1}, values, {50, 99});
    EXPECT_EQ(low, 2097151.5F);
    EXPECT_EQ(high, 4152360.0F);
}

TEST(Percentile, AFrameIsSampledOnlyAbove224Cubed) {
    // A value every 15 rows and columns: the sample sees nothing else.
    const Extent large{3375, 3375};
    std::vector<float> plane(static_cast<std::size_t>(large.pixels()), 5.0F);
    for (std::int64_t y = 0; y < large.height; y += 15)
        for (std::int64_t x = 0; x < large.width; x += 15)
            plane[static_cast<std::size_t>(y * large.width + x)] = 1.0F;
    const cpu::Percentiles sampled{1, 1};
    EXPECT_EQ(cpu::frame_percentiles({1}, plane, large, {1, 99}), sampled);
    const Extent small{3330, 3375};  // 674 pixels less than 224 cubed
    plane.resize(static_cast<std::size_t>(small.pixels()));
    const cpu::Percentiles whole{5, 5};
    EXPECT_EQ(cpu::frame_percentiles({1}, plane, small, {1, 99}), whole);
}

}  // namespace
}  // namespace cytofleet::test
