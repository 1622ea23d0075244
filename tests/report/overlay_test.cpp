#include "report/overlay.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "report/picture_file.hpp"
#include "support/files.hpp"

namespace cytofleet::test {
namespace {

using Rgb = std::array<int, 3>;

// From the header of a tile to its picture, and from one tile to the next.
constexpr std::int64_t bar = 22;
constexpr std::int64_t gap = 6;
constexpr int paper = 24;

Image bytes_image(std::int64_t height, std::int64_t width,
                  const std::vector<std::uint8_t>& pixels) {
    Image out{PixelType::u8, height, width, std::vector<std::byte>(pixels.size())};
    std::ranges::copy(std::as_bytes(std::span(pixels)), out.bytes.begin());
    return out;
}

LabelImage labels_of(std::int64_t height, std::int64_t width, std::vector<std::uint32_t> labels) {
    return {height, width, std::move(labels), 0, 0};
}

Picture written(const ContactSheet& sheet) {
    const TempDir folder;
    sheet.write(folder / "sheet.png");
    return read_png(folder / "sheet.png");
}

Rgb colour_at(Picture& sheet, std::int64_t y, std::int64_t x) {
    const std::uint8_t* pixel = sheet.at(y, x);
    return {pixel[0], pixel[1], pixel[2]};
}

Rgb grey(int value) {
    return {value, value, value};
}

TEST(ContactSheet, FramesStandInRows) {
    ContactSheet sheet(2, 4);
    EXPECT_TRUE(sheet.empty());
    // 2 x 2 pixels enlarged twice; frames are black, white; white, black in their columns.
    const LabelImage none = labels_of(2, 2, {0, 0, 0, 0});
    sheet.add(bytes_image(2, 2, {0, 200, 0, 200}), none, "");
    sheet.add(bytes_image(2, 2, {70, 20, 70, 20}), none, "");
    sheet.add(bytes_image(2, 2, {5, 5, 5, 5}), none, "");
    EXPECT_FALSE(sheet.empty());
    Picture got = written(sheet);
    ASSERT_EQ(got.height, 2 * (bar + 4 + gap) + gap);
    ASSERT_EQ(got.width, 2 * (4 + gap) + gap);
    for (std::int64_t y = 0; y < got.height; ++y)
        for (std::int64_t x = 0; x < got.width; ++x) {
            const std::int64_t row = (y - gap) / (bar + 4 + gap);
            const std::int64_t column = (x - gap) / (4 + gap);
            const std::int64_t in_y = (y - gap) % (bar + 4 + gap) - bar;
            const std::int64_t in_x = (x - gap) % (4 + gap);
            Rgb wanted = grey(paper);
            if (y >= gap && x >= gap && in_y >= 0 && in_y < 4 && in_x < 4) {
                const std::int64_t frame = 2 * row + column;
                if (frame == 0) wanted = grey(in_x < 2 ? 0 : 255);
                if (frame == 1) wanted = grey(in_x < 2 ? 255 : 0);
                if (frame == 2) wanted = grey(128);  // flat
            }
            ASSERT_EQ(colour_at(got, y, x), wanted) << y << ", " << x;
        }
}

TEST(ContactSheet, FewFramesMakeANarrowSheet) {
    ContactSheet sheet(5, 4);
    sheet.add(bytes_image(1, 4, {0, 1, 2, 3}), labels_of(1, 4, {0, 0, 0, 0}), "");
    const Picture got = written(sheet);
    EXPECT_EQ(got.width, 4 + 2 * gap);
    EXPECT_EQ(got.height, bar + 1 + 2 * gap);
}

TEST(ContactSheet, LargeFramesShrinkByMeans) {
    // A chessboard of 100 x 60 at most 50 wide: every 2 x 2 is half black, half white.
    std::vector<std::uint8_t> board;
    for (int y = 0; y < 60; ++y)
        for (int x = 0; x < 100; ++x) board.push_back((x + y) % 2 == 0 ? 0 : 200);
    ContactSheet sheet(1, 50);
    sheet.add(bytes_image(60, 100, board), labels_of(60, 100, std::vector(6000, 0U)), "");
    Picture got = written(sheet);
    ASSERT_EQ(got.width, 50 + 2 * gap);
    ASSERT_EQ(got.height, bar + 30 + 2 * gap);
    for (std::int64_t y = 0; y < 30; ++y)
        for (std::int64_t x = 0; x < 50; ++x)
            ASSERT_EQ(colour_at(got, gap + bar + y, gap + x), grey(128));
}

TEST(ContactSheet, CellsHaveColouredEdgesAndATintInside) {
    // Black but for two white pixels, which is more than two of a thousand; cells lie on black.
    std::vector<std::uint8_t> pixels(12 * 12, 0);
    pixels[10] = pixels[11] = 255;
    std::vector<std::uint32_t> labels(12 * 12, 0U);
    for (std::size_t y = 2; y < 7; ++y)
        for (std::size_t x = 0; x < 10; ++x) labels[12 * y + x] = x < 5 ? 1 : 2;
    for (std::size_t x = 0; x < 12; ++x) labels[12 * 11 + x] = 1;  // along the frame's border
    ContactSheet sheet(1, 12);
    sheet.add(bytes_image(12, 12, pixels), labels_of(12, 12, labels), "");
    Picture got = written(sheet);
    const auto at = [&got](std::int64_t y, std::int64_t x) {
        return colour_at(got, gap + bar + y, gap + x);
    };
    EXPECT_EQ(at(0, 0), grey(0));
    EXPECT_EQ(at(0, 11), grey(255));
    // Label 1: a hue of 6 * 0.618 = 3.708, between cyan and blue: 0.25, 0.4688, 1.
    const auto expect_near = [](const Rgb& colour, double red, double green, double blue) {
        EXPECT_NEAR(colour[0], red, 1);
        EXPECT_NEAR(colour[1], green, 1);
        EXPECT_NEAR(colour[2], blue, 1);
    };
    expect_near(at(2, 2), 57.4, 107.6, 229.5);   // 0.9 of it at an edge
    expect_near(at(3, 4), 57.4, 107.6, 229.5);   // towards label 2
    expect_near(at(11, 0), 57.4, 107.6, 229.5);  // the same label elsewhere
    expect_near(at(4, 2), 14.0, 26.3, 56.1);     // 0.22 inside
    expect_near(at(4, 0), 14.0, 26.3, 56.1);     // the border of the frame is no edge
    EXPECT_NE(at(3, 5), at(3, 4));               // label 2 has another colour
    EXPECT_EQ(at(3, 5), at(2, 7));
}

TEST(ContactSheet, GreyGoesFromTheFirstToTheLast998OfAThousand) {
    // 1000 pixels: 0 to 9 below the first hundredth, 998 and 999 above.
    Image ramp{PixelType::f32, 10, 100, std::vector<std::byte>(4000)};
    std::vector<float> values(1000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    std::memcpy(ramp.bytes.data(), values.data(), 4000);
    ContactSheet sheet(1, 100);
    sheet.add(ramp, labels_of(10, 100, std::vector(1000, 0U)), "");
    Picture got = written(sheet);
    const auto at = [&got](std::int64_t i) {
        return colour_at(got, gap + bar + i / 100, gap + i % 100);
    };
    EXPECT_EQ(at(0), grey(0));
    EXPECT_EQ(at(9), grey(0));
    EXPECT_EQ(at(13), grey(1));
    EXPECT_EQ(at(503), grey(128));
    EXPECT_EQ(at(992), grey(254));
    EXPECT_EQ(at(997), grey(255));
    EXPECT_EQ(at(999), grey(255));
}

TEST(ContactSheet, CaptionsAndStrangePixelsDoNoHarm) {
    Image strange{PixelType::f32, 3, 5, std::vector<std::byte>(60)};
    std::vector<float> values(15, 2.0F);
    values[0] = std::numeric_limits<float>::quiet_NaN();
    values[1] = std::numeric_limits<float>::infinity();
    std::memcpy(strange.bytes.data(), values.data(), 60);
    ContactSheet sheet(3, 64);
    sheet.add(strange, labels_of(3, 5, std::vector(15, 70000U)), "frame 12345");
    sheet.add(strange, labels_of(3, 5, std::vector(15, 0U)), "");
    Picture got = written(sheet);
    // 5 pixels enlarged twelve times. The caption is white on the bar of its frame alone.
    EXPECT_EQ(got.width, 2 * (60 + gap) + gap);
    std::int64_t white = 0;
    std::int64_t white_elsewhere = 0;
    for (std::int64_t y = 0; y < gap + bar; ++y)
        for (std::int64_t x = 0; x < got.width; ++x)
            if (colour_at(got, y, x) == grey(255)) ++(x < gap + 60 ? white : white_elsewhere);
    EXPECT_GT(white, 100);
    EXPECT_EQ(white_elsewhere, 0);
    // Frames that do not divide evenly.
    for (const auto& [height, width] : {std::pair{101, 33}, {1, 1}, {7, 300}}) {
        const auto pixels = static_cast<std::size_t>(height * width);
        ContactSheet odd(1, 50);
        odd.add(bytes_image(height, width, std::vector<std::uint8_t>(pixels, 3)),
                labels_of(height, width, std::vector(pixels, 1U)), "");
        const std::int64_t longest = std::max(height, width);
        EXPECT_LE(written(odd).width, 50 + 2 * gap) << longest;
    }
}

TEST(ContactSheet, BrokenPromisesAreRefused) {
    ContactSheet sheet(1, 8);
    const Image image = bytes_image(1, 2, {1, 2});
    EXPECT_THROW(sheet.add(image, labels_of(2, 1, {0, 0}), ""), InternalError);
    EXPECT_THROW(sheet.add(bytes_image(0, 0, {}), labels_of(0, 0, {}), ""), InternalError);
    const TempDir folder;
    EXPECT_THROW(sheet.write(folder / "x.png"), InternalError);
}

}  // namespace
}  // namespace cytofleet::test
