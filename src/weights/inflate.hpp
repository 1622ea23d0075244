// Unpacks a raw deflate stream of known length.
#pragma once

#include <cstddef>
#include <span>

namespace cytofleet {

/// True when `packed` is one whole deflate stream that fills `out` to the last byte.
bool inflate_exactly(std::span<const std::byte> packed, std::span<std::byte> out);

}  // namespace cytofleet
