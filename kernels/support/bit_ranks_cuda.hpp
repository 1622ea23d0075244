// Numbers the set bits of a long row of words in their order: what puts pixels into raster order
// on a device without sorting.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Words for a bit per item.
constexpr std::int64_t bit_words(std::int64_t items) {
    return (items + 31) / 32;
}

/// Numbers of 32 bits in `sums` below.
std::size_t bit_rank_sums(std::int64_t words);

/// ranks[w] = bits set in bits[0] to bits[w - 1], for `words` words; *total = all of them. `sums`:
/// scratch memory. All in device memory.
void rank_bits(Stream stream, const std::uint32_t* bits, std::int64_t words, std::uint32_t* ranks,
               std::uint32_t* sums, std::uint32_t* total);

}  // namespace cytofleet::cuda
