// Writes an RGB picture as PNG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/atomic_file.hpp"

namespace cytofleet {

/// Rows of red, green, blue bytes.
struct Picture {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::vector<std::uint8_t> rgb;  ///< height * width * 3
    Picture(std::int64_t rows, std::int64_t columns, std::uint8_t grey)
        : height(rows), width(columns), rgb(static_cast<std::size_t>(rows * columns * 3), grey) {}
    std::uint8_t* at(std::int64_t y, std::int64_t x) {
        return rgb.data() + static_cast<std::size_t>((y * width + x) * 3);
    }
};

/// Throws Error{output} naming the file. What is there is replaced, or only if `may_replace` says
/// so.
void write_png(const std::filesystem::path& path, const Picture& picture,
               const MayReplace& may_replace = {});
/// A picture that write_png() has written.
bool is_own_png(const std::filesystem::path& path);

}  // namespace cytofleet
