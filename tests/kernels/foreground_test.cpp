// What is foreground, in which order it is listed, and the flows that points are moved by.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/flow/flow.hpp"
#include "kernels/resize/resize.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(ForegroundPixels, SquareAfterSquare) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 200}, Extent{200, 1}, Extent{64, 64},
                                Extent{65, 63}, Extent{131, 197}}) {
        std::vector<float> logits = random_floats(extent.pixels(), 2);
        logits[logits.size() / 2] = nan;
        logits[logits.size() / 3] = 0.25F;
        std::vector<std::uint32_t> wanted;
        for (std::int64_t top = 0; top < extent.height; top += 64)
            for (std::int64_t left = 0; left < extent.width; left += 64)
                for (std::int64_t y = top; y < top + 64; ++y)
                    for (std::int64_t x = left; x < left + 64; ++x)
                        if (y < extent.height && x < extent.width &&
                            logits[static_cast<std::size_t>(y * extent.width + x)] > 0.25F)
                            wanted.push_back(static_cast<std::uint32_t>(y * extent.width + x));
        for (const int threads : {1, 2, 3})
            EXPECT_EQ(foreground_pixels({threads}, logits, extent.height, extent.width, 0.25F),
                      wanted)
                << extent.height << " x " << extent.width;
    }
}

TEST(ForegroundPixels, TheThresholdItselfAndNanAreBackground) {
    const std::vector<float> logits{0.5F, 0.50001F, nan, -infinity, infinity, 0.4F};
    EXPECT_EQ(foreground_pixels({1}, logits, 2, 3, 0.5F), (std::vector<std::uint32_t>{1, 4}));
    EXPECT_TRUE(foreground_pixels({1}, logits, 2, 3, infinity).empty());
    EXPECT_TRUE(foreground_pixels({1}, logits, 2, 3, nan).empty());
}

TEST(ForegroundPixels, BrokenPromisesAreRefused) {
    const std::vector<float> logits(12);
    EXPECT_THROW(foreground_pixels({1}, logits, 3, 5, 0), std::logic_error);
    EXPECT_THROW(foreground_pixels({1}, {}, 0, 5, 0), std::logic_error);
}

/// dy and dx at row y and column x of the frame, -1 and the size being the border.
std::array<float, 2> at(const StepFieldView& view, std::int64_t y, std::int64_t x) {
    const float* pixel = view.values + (y + 1) * view.row() + 2 * (x + 1);
    return {pixel[0], pixel[1]};
}

TEST(StepField, IsScaledMaskedAndHasABorder) {
    for (const Extent extent : {Extent{1, 1}, Extent{1, 6}, Extent{5, 1}, Extent{13, 17}}) {
        const auto [height, width] = extent;
        const std::vector<float> flows = random_floats(2 * extent.pixels(), 3, 10);
        const std::vector<float> logits = random_floats(extent.pixels(), 4);
        for (const Stepping stepping : {Stepping::cpu, Stepping::cuda, Stepping::nearest}) {
            const bool cuda = stepping == Stepping::cuda;
            const StepField field({2}, flows, logits, height, width, -0.2F, stepping);
            ASSERT_EQ(field.view().height, height);
            ASSERT_EQ(field.view().width, width);
            const auto scale = [cuda](std::int64_t length) {
                if (!cuda) return 1.0F;
                return length == 1 ? 0.0F
                                   : static_cast<float>(2.0 / static_cast<double>(length - 1));
            };
            for (std::int64_t y = -1; y <= height; ++y)
                for (std::int64_t x = -1; x <= width; ++x) {
                    const std::int64_t row = std::clamp<std::int64_t>(y, 0, height - 1);
                    const std::int64_t column = std::clamp<std::int64_t>(x, 0, width - 1);
                    const auto i = static_cast<std::size_t>(row * width + column);
                    const bool still = logits[i] <= -0.2F || (cuda && (row != y || column != x));
                    const auto pixels = static_cast<std::size_t>(extent.pixels());
                    const float dy = still ? 0.0F : flows[i] / 5.0F * scale(height);
                    const float dx = still ? 0.0F : flows[pixels + i] / 5.0F * scale(width);
                    ASSERT_EQ(at(field.view(), y, x), (std::array{dy, dx})) << y << ", " << x;
                }
        }
    }
}

TEST(StepField, NoNumberInTheBackgroundIsNan) {
    const StepField field({1}, std::vector<float>{nan, infinity, 5, 10}, std::vector<float>{-1, -1},
                          1, 2, 0, Stepping::cpu);
    EXPECT_TRUE(std::isnan(at(field.view(), 0, 0)[0]));
    EXPECT_TRUE(std::isnan(at(field.view(), 0, 1)[0]));
    EXPECT_EQ(at(field.view(), 0, 0)[1], 0.0F);
    EXPECT_EQ(at(field.view(), 0, 1)[1], 0.0F);
}

}  // namespace
}  // namespace cytofleet::test
