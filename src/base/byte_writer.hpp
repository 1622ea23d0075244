// Appends numbers and texts to a buffer, little-endian; ByteReader reads them back.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
        std::byte raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof(T));
        bytes_.insert(bytes_.end(), raw, raw + sizeof(T));
    }
    /// Length (uint64), then the bytes.
    void write_text(std::string_view text) {
        write(static_cast<std::uint64_t>(text.size()));
        const auto* raw = reinterpret_cast<const std::byte*>(text.data());
        bytes_.insert(bytes_.end(), raw, raw + text.size());
    }
    void append(const std::vector<std::byte>& bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace cytofleet
