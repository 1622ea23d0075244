#include "base/byte_reader.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace cytofleet {

void ByteReader::seek(std::uint64_t position) {
    if (position > bytes_.size())
        throw Error(ErrorKind::input,
                    fmt::format("{}: points to byte {} of {}", what_, position, bytes_.size()));
    position_ = position;
}

std::span<const std::byte> ByteReader::take(std::uint64_t count) {
    if (count > left())
        throw Error(ErrorKind::input,
                    fmt::format("{}: ends too early, {} bytes wanted at {}, {} left", what_, count,
                                position_, left()));
    const auto out = bytes_.subspan(position_, count);
    position_ += count;
    return out;
}

std::string ByteReader::take_text(std::uint64_t count) {
    const auto raw = take(count);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

}  // namespace cytofleet
