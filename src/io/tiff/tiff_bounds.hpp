// What a compressed page can at most unpack to, to refuse pages that lie about their size.
#pragma once

#include <cstdint>
#include <string>

namespace cytofleet {

/// "none", "LZW", ...; "compression 12345" when the number is unknown.
std::string compression_name(std::uint32_t compression);

/// Largest number of bytes that `stored` bytes can decode to; generous where a codec has no bound.
std::uint64_t largest_decoded(std::uint32_t compression, std::uint64_t stored);

}  // namespace cytofleet
