#include "report/caption.hpp"

#include <string>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

/// Rows of '#' for white and '.' for the grey of the paper.
std::string rows_of(Picture& picture) {
    std::string out;
    for (std::int64_t y = 0; y < picture.height; ++y) {
        for (std::int64_t x = 0; x < picture.width; ++x) {
            const std::uint8_t* pixel = picture.at(y, x);
            EXPECT_TRUE(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
            out += pixel[0] == 255 ? '#' : pixel[0] == 10 ? '.' : '?';
        }
        out += '\n';
    }
    return out;
}

TEST(DrawText, LettersStandSideBySide) {
    Picture picture(9, 19, 10);
    draw_text(picture, 1, 1, 1, "1f7");
    EXPECT_EQ(rows_of(picture),
              "...................\n"
              "...#.....##..#####.\n"
              "..##....#........#.\n"
              "...#...####.....#..\n"
              "...#....#......#...\n"
              "...#....#......#...\n"
              "...#....#.....#....\n"
              "..###...#.....#....\n"
              "...................\n");
}

TEST(DrawText, UnknownLettersLeaveAGap) {
    Picture picture(7, 17, 10);
    draw_text(picture, 0, 0, 1, "1?1");
    Picture spaced(7, 17, 10);
    draw_text(spaced, 0, 0, 1, "1");
    draw_text(spaced, 0, 2 * glyph_advance, 1, "1");
    EXPECT_EQ(picture.rgb, spaced.rgb);
}

TEST(DrawText, ScaleEnlargesEveryPixel) {
    Picture small(7, 12, 10);
    draw_text(small, 0, 0, 1, "4s");
    Picture large(21, 36, 10);
    draw_text(large, 0, 0, 3, "4s");
    for (std::int64_t y = 0; y < 21; ++y)
        for (std::int64_t x = 0; x < 36; ++x)
            ASSERT_EQ(*large.at(y, x), *small.at(y / 3, x / 3)) << y << ", " << x;
}

TEST(DrawText, WhatLiesOutsideIsCut) {
    Picture whole(30, 60, 10);
    draw_text(whole, 10, 15, 2, "cells 0");
    Picture part(12, 20, 10);  // rows 12 to 23, columns 20 to 39 of it
    draw_text(part, -2, -5, 2, "cells 0");
    for (std::int64_t y = 0; y < 12; ++y)
        for (std::int64_t x = 0; x < 20; ++x)
            ASSERT_EQ(*part.at(y, x), *whole.at(y + 12, x + 20)) << y << ", " << x;
    Picture empty(5, 5, 10);
    draw_text(empty, 100, 0, 1, "8");
    draw_text(empty, 0, -100, 1, "8");
    EXPECT_EQ(empty.rgb, Picture(5, 5, 10).rgb);
}

TEST(DrawText, KnowsWhatCaptionsAreMadeOf) {
    for (const char letter : std::string("0123456789framecells")) {
        Picture picture(7, 5, 10);
        draw_text(picture, 0, 0, 1, std::string(1, letter));
        EXPECT_NE(picture.rgb, Picture(7, 5, 10).rgb) << letter;
    }
}

}  // namespace
}  // namespace cytofleet
