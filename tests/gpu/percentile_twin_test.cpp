// The device's percentiles against the CPU twin, bit for bit.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/normalize/percentile.hpp"
#include "kernels/normalize/percentile_cuda.hpp"
#include "kernels/normalize/pixel_lines.hpp"
#include "kernels/planes.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
using Percent = std::array<double, 2>;

template <class Pixel>
FrameScale scale_there(const std::vector<Pixel>& frame, Extent extent, Percent percent) {
    const cuda::Stream stream = nullptr;
    const cuda::DeviceArray<Pixel> there(stream, std::span(frame));
    cuda::DeviceArray<std::byte> scratch(cuda::frame_scale_scratch_bytes());
    cuda::DeviceArray<FrameScale> out(1);
    cuda::frame_scale(stream, there.data(), extent, percent, scratch.data(), out.data());
    return out.read(stream).front();
}

/// As normalize_cpu.cpp goes about it, from the CPU twin's numbers.
template <class Pixel>
FrameScale scale_here(const std::vector<Pixel>& frame, Extent extent, Percent percent) {
    const std::vector<float> values(frame.begin(), frame.end());
    const cpu::Range range = cpu::value_range({1}, values);
    if (range.any_nan || !(range.high - range.low > 0)) return {};
    const auto [low, high] = cpu::frame_percentiles({1}, values, extent, percent);
    return scale_between(low, high);
}

/// A NaN's bits may differ.
void expect_same(const FrameScale& got, const FrameScale& wanted) {
    const auto same = [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
               (std::isnan(a) && std::isnan(b));
    };
    EXPECT_EQ(got.scaling, wanted.scaling);
    EXPECT_TRUE(same(got.low, wanted.low)) << got.low << ", not " << wanted.low;
    EXPECT_TRUE(same(got.span, wanted.span)) << got.span << ", not " << wanted.span;
}

template <class Pixel>
void expect_twins(const std::vector<Pixel>& frame, Extent extent) {
    for (const Percent percent : {Percent{1, 99}, {0, 100}, {33.3, 33.4}}) {
        SCOPED_TRACE(testing::Message() << extent.height << " x " << extent.width << ", "
                                        << percent[0] << " to " << percent[1]);
        expect_same(scale_there(frame, extent, percent), scale_here(frame, extent, percent));
    }
}

/// Random numbers in part of the pixel type's range.
template <class Pixel>
std::vector<Pixel> random_pixels(std::int64_t count, float middle, float spread) {
    std::vector<Pixel> out;
    constexpr auto most = static_cast<float>(std::numeric_limits<Pixel>::max());
    for (const float value : test::random_floats(count, 7, spread))
        out.push_back(static_cast<Pixel>(std::clamp(middle + value, 0.0F, most)));
    return out;
}

std::vector<Extent> sizes() {
    return {{1, 1}, {2, 1}, {5, 7}, {127, 129}};
}

TEST(PercentileTwin, Bytes) {
    for (const Extent extent : sizes())
        for (const auto& [middle, spread] : {std::pair{100.0F, 30.0F}, {0, 400}, {255, 3}, {9, 0}})
            test::in_every_order([&, middle = middle, spread = spread] {
                expect_twins(random_pixels<std::uint8_t>(extent.pixels(), middle, spread), extent);
            });
}

TEST(PercentileTwin, SixteenBits) {
    for (const Extent extent : sizes())
        for (const auto& [middle, spread] :
             {std::pair{700.0F, 90.0F}, {30000, 90000}, {65535, 40}, {65535, 0}})
            test::in_every_order([&, middle = middle, spread = spread] {
                expect_twins(random_pixels<std::uint16_t>(extent.pixels(), middle, spread), extent);
            });
}

TEST(PercentileTwin, FloatsOfAllKinds) {
    for (const Extent extent : sizes()) {
        const std::int64_t size = extent.pixels();
        std::vector<std::vector<float>> frames{
            test::random_floats(size, 1, 1e3F), test::random_floats(size, 2, 1e-40F),
            test::random_floats(size, 3, 3.0F), test::random_floats(size, 4, 1e38F),
            test::random_floats(size, 5, 1e-3F)};
        for (float& value : frames[2]) value = std::round(value);  // ties, zeros of both signs
        frames[3].front() = infinity;
        frames[3].back() = -infinity;
        for (float& value : frames[4]) value += 1000.0F;  // one upper half, many lower ones
        frames.emplace_back(frames[0].size(), infinity);
        frames.emplace_back(frames[0].size(), -7.0F);
        frames.push_back(frames[0]);
        frames.back().back() = not_a_number;
        frames.push_back(frames[0]);
        frames.back().front() = -not_a_number;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            SCOPED_TRACE(testing::Message() << "frame " << i);
            test::in_every_order([&] { expect_twins(frames[i], extent); });
        }
    }
}

TEST(PercentileTwin, MoreDifferentDigitsThanOneTable) {
    // The four ranks end in four, three and two different groups of upper bits.
    std::vector<float> frame;
    frame.reserve(400);
    for (int i = 0; i < 400; ++i) frame.push_back(std::ldexp(i % 2 == 0 ? 1.0F : -1.0F, i / 3));
    test::in_every_order([&] { expect_twins(frame, {20, 20}); });
}

TEST(PercentileTwin, LargeFramesAreSampledAndTheirRangeIsNot) {
    // A value every 15 rows and columns: the sample sees nothing else.
    const Extent large{3375, 3375};
    std::vector<std::uint8_t> frame(static_cast<std::size_t>(large.pixels()), 5);
    for (std::int64_t y = 0; y < large.height; y += 15)
        for (std::int64_t x = 0; x < large.width; x += 15)
            frame[static_cast<std::size_t>(y * large.width + x)] =
                static_cast<std::uint8_t>((x + y) / 15 % 4);
    const FrameScale got = scale_there(frame, large, {1, 99});
    expect_same(got, {Scaling::percentiles, 0.0F, 3.0F});
    expect_same(got, scale_here(frame, large, {1, 99}));
    // One value in the sample, two in the frame: zeros, not left as it is.
    std::fill(frame.begin(), frame.end(), std::uint8_t{5});
    frame[1] = 6;
    expect_same(scale_there(frame, large, {1, 99}), {Scaling::zeros, 5.0F, 0.0F});
}

/// The two large frames of the golden data are not stored.
std::vector<float> generated(std::int64_t count) {
    std::uint32_t state = 1;
    std::vector<float> out(static_cast<std::size_t>(count));
    for (float& value : out) {
        state = state * 1664525U + 1013904223U;
        value = static_cast<float>(state >> 8U);
    }
    return out;
}

TEST(PercentileTwin, GoldenPercentiles) {
    for (const test::Case& golden : test::cases("percentile")) {
        SCOPED_TRACE(golden.name);
        const auto shape = golden.json.at("shape").get<std::vector<std::int64_t>>();
        const Extent extent{shape.at(0), shape.at(1)};
        const bool made = golden.json.contains("generator");
        const std::vector<float> frame =
            made ? generated(extent.pixels()) : golden.array("input").floats();
        const auto percent = golden.json.at("percentiles").get<Percent>();
        const FrameScale got = scale_there(frame, extent, percent);
        const auto number = [&](const char* key) {
            return std::strtof(golden.json.at(key).get<std::string>().c_str(), nullptr);
        };
        const float low = number("low_hex");
        const float high = number("high_hex");
        EXPECT_EQ(got.low, low);
        EXPECT_EQ(got.span, high - low);
        expect_same(got, scale_here(frame, extent, percent));
    }
}

}  // namespace
}  // namespace cytofleet
