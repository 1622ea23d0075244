// Small text on pictures, from a built-in 5 x 7 font.
#pragma once

#include <cstdint>
#include <string_view>

#include "report/png.hpp"

namespace cytofleet {

inline constexpr std::int64_t glyph_height = 7;
inline constexpr std::int64_t glyph_advance = 6;

/// Draws `text` with its upper left corner at (y, x), each font pixel `scale` pixels wide. Knows
/// digits and the letters of "frame" and "cells"; others are left blank. What lies outside the
/// picture is cut.
void draw_text(Picture& picture, std::int64_t y, std::int64_t x, std::int64_t scale,
               std::string_view text);

}  // namespace cytofleet
