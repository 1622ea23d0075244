// Reads numbers and runs of bytes from a buffer and refuses to step over its end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

namespace cytofleet {

enum class ByteOrder { little, big };

/// A cursor over bytes somebody else owns. Every read past the end throws Error{input} naming
/// `what`.
class ByteReader {
  public:
    ByteReader(std::span<const std::byte> bytes, std::string what,
               ByteOrder order = ByteOrder::little)
        : bytes_(bytes), what_(std::move(what)), order_(order) {}

    std::uint64_t position() const { return position_; }
    std::uint64_t size() const { return bytes_.size(); }
    std::uint64_t left() const { return bytes_.size() - position_; }
    void seek(std::uint64_t position);
    void skip(std::uint64_t count) { take(count); }
    /// The next `count` bytes, no copy.
    std::span<const std::byte> take(std::uint64_t count);
    std::string take_text(std::uint64_t count);
    /// What ByteWriter::write_text() wrote.
    std::string read_text() { return take_text(read<std::uint64_t>()); }

    template <typename T>
    requires std::is_arithmetic_v<T> T read() {
        const auto raw = take(sizeof(T));
        std::byte ordered[sizeof(T)];
        const bool swap =
            (order_ == ByteOrder::big) == (std::endian::native == std::endian::little);
        for (std::size_t i = 0; i < sizeof(T); ++i) ordered[i] = raw[swap ? sizeof(T) - 1 - i : i];
        T value;
        std::memcpy(&value, ordered, sizeof(T));
        return value;
    }

  private:
    std::span<const std::byte> bytes_;
    std::string what_;
    ByteOrder order_;
    std::uint64_t position_ = 0;
};

}  // namespace cytofleet
