// Builds small TIFF files byte by byte for tests.
#pragma once

#include <cstdint>
#include <string>

namespace cytofleet::test {

/// Little-endian classic TIFF.
class Bytes {
  public:
    Bytes& u16(std::uint32_t value) { return number(value, 2); }
    Bytes& u32(std::uint32_t value) { return number(value, 4); }
    Bytes& text(const std::string& value) {
        bytes_ += value;
        return *this;
    }
    Bytes& tag(std::uint32_t tag, std::uint32_t type, std::uint32_t count, std::uint32_t value) {
        return u16(tag).u16(type).u32(count).u32(value);
    }
    const std::string& get() const { return bytes_; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }

  private:
    Bytes& number(std::uint32_t value, int count) {
        for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFFU);
        return *this;
    }
    std::string bytes_;
};

/// The directory of one uncompressed 8-bit page in one strip; `note`, where it has `note_bytes`, is
/// where its description lies.
inline void add_directory(Bytes& file, std::uint32_t width, std::uint32_t height,
                          std::uint32_t strip, std::uint32_t next, std::uint32_t note_bytes = 0,
                          std::uint32_t note = 0) {
    file.u16(note_bytes == 0 ? 8 : 9)
        .tag(256, 4, 1, width)
        .tag(257, 4, 1, height)
        .tag(258, 3, 1, 8)
        .tag(259, 3, 1, 1)
        .tag(262, 3, 1, 1);
    if (note_bytes != 0) file.tag(270, 2, note_bytes, note);
    file.tag(273, 4, 1, strip).tag(278, 4, 1, height).tag(279, 4, 1, width * height).u32(next);
}

/// Where the pixels of small_page() are to follow.
constexpr std::uint32_t small_page_pixels = 8 + 2 + 9 * 12 + 4;

/// A file with the directory of one page of 2 x 2 pixels of so many bits, and one tag more.
inline Bytes small_page(std::uint32_t bits, std::uint32_t tag, std::uint32_t type,
                        std::uint32_t count, std::uint32_t value) {
    Bytes file;
    file.text("II").u16(42).u32(8);
    file.u16(9)
        .tag(256, 4, 1, 2)
        .tag(257, 4, 1, 2)
        .tag(258, 3, 1, bits)
        .tag(259, 3, 1, 1)
        .tag(262, 3, 1, 1)
        .tag(273, 4, 1, small_page_pixels)
        .tag(278, 4, 1, 2)
        .tag(279, 4, 1, bits / 2)
        .tag(tag, type, count, value)
        .u32(0);
    return file;
}

}  // namespace cytofleet::test
