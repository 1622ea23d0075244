#include "report/caption.hpp"

#include <algorithm>
#include <array>

namespace cytofleet {
namespace {

struct Glyph {
    char letter;
    std::array<std::string_view, 7> rows;  ///< '#' is ink
};

constexpr std::array<Glyph, 18> glyphs{{
    {'0', {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "}},
    {'1', {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "}},
    {'2', {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"}},
    {'3', {" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "}},
    {'4', {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "}},
    {'5', {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "}},
    {'6', {" ### ", "#    ", "#    ", "#### ", "#   #", "#   #", " ### "}},
    {'7', {"#####", "    #", "   # ", "  #  ", "  #  ", " #   ", " #   "}},
    {'8', {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "}},
    {'9', {" ### ", "#   #", "#   #", " ####", "    #", "    #", " ### "}},
    {'f', {"  ## ", " #   ", "#### ", " #   ", " #   ", " #   ", " #   "}},
    {'r', {"     ", "     ", "# ## ", "##   ", "#    ", "#    ", "#    "}},
    {'a', {"     ", "     ", " ### ", "    #", " ####", "#   #", " ####"}},
    {'m', {"     ", "     ", "## # ", "# # #", "# # #", "# # #", "# # #"}},
    {'e', {"     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "}},
    {'c', {"     ", "     ", " ####", "#    ", "#    ", "#    ", " ####"}},
    {'l', {" ##  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "}},
    {'s', {"     ", "     ", " ####", "#    ", " ### ", "    #", "#### "}},
}};

void fill(Picture& picture, std::int64_t y, std::int64_t x, std::int64_t size) {
    for (std::int64_t row = std::max<std::int64_t>(0, y); row < std::min(y + size, picture.height);
         ++row)
        for (std::int64_t column = std::max<std::int64_t>(0, x);
             column < std::min(x + size, picture.width); ++column)
            std::fill_n(picture.at(row, column), 3, std::uint8_t{255});
}

}  // namespace

void draw_text(Picture& picture, std::int64_t y, std::int64_t x, std::int64_t scale,
               std::string_view text) {
    for (const char letter : text) {
        const auto found = std::ranges::find(glyphs, letter, &Glyph::letter);
        if (found != glyphs.end())
            for (std::int64_t row = 0; row < glyph_height; ++row)
                for (std::int64_t column = 0; column < glyph_advance - 1; ++column)
                    if (found->rows[static_cast<std::size_t>(row)]
                                   [static_cast<std::size_t>(column)] == '#')
                        fill(picture, y + row * scale, x + column * scale, scale);
        x += glyph_advance * scale;
    }
}

}  // namespace cytofleet
