#include "io/tiff/jbig.hpp"

#include <limits>

namespace cytofleet {
namespace {

std::uint64_t mirrored(std::byte byte) {
    const auto bits = std::to_integer<std::uint64_t>(byte);
    std::uint64_t out = 0;
    for (unsigned i = 0; i < 8; ++i) out |= (bits >> i & 1U) << (7U - i);
    return out;
}

}  // namespace

std::uint64_t jbig_picture_bytes(std::span<const std::byte> header, bool reversed) {
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    if (header.size() < jbig_header_size) return all;
    const auto byte = [&](std::size_t at) {
        return reversed ? mirrored(header[at]) : std::to_integer<std::uint64_t>(header[at]);
    };
    const auto number = [&](std::size_t at) {
        return byte(at) << 24U | byte(at + 1) << 16U | byte(at + 2) << 8U | byte(at + 3);
    };
    const std::uint64_t planes = byte(2);
    const std::uint64_t row = (number(4) + 7) / 8;
    const std::uint64_t plane = row * number(8);  // below 2^61
    return planes != 0 && plane > all / planes ? all : plane * planes;
}

}  // namespace cytofleet
