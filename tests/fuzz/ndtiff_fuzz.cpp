// Any bytes as the index of an NDTiff stack.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "io/tiff/ndtiff.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto entries = cytofleet::parse_ndtiff_index(std::as_bytes(std::span(data, size)));
    // Each entry takes its two lengths and eight numbers of the file.
    if (entries.size() > size / 40) std::abort();
    return 0;
}
