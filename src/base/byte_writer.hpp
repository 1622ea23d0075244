// Appends numbers and texts to a buffer, little-endian; ByteReader reads them back.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cytofleet {

class ByteWriter {
  public:
    template <typename T>
    requires std::is_arithmetic_v<T>
    void write(T value) {
        static_assert(std::endian::native == std::endian::little);
        append(std::as_bytes(std::span(&value, 1)));
    }
    /// Length (uint64), then the bytes.
    void write_text(std::string_view text) {
        write(static_cast<std::uint64_t>(text.size()));
        append(std::as_bytes(std::span(text)));
    }
    void append(std::span<const std::byte> bytes);
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace cytofleet
