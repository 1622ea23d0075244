// What JBIG data announce, read before the decoder takes it at its word: jbigkit aborts the program
// when it cannot have that much memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cytofleet {

constexpr std::size_t jbig_header_size = 20;

/// Bytes of the picture that a header (ITU-T T.82, 6.6.2) announces, all bit planes together; the
/// largest number where there is no header. `reversed`: the lowest bit of each byte comes first.
std::uint64_t jbig_picture_bytes(std::span<const std::byte> header, bool reversed);

}  // namespace cytofleet
