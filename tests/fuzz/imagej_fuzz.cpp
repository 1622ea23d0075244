// Any bytes as ImageJ description, ImageJ metadata block and shaped description.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "io/tiff/imagej.hpp"
#include "io/tiff/shaped.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto imagej = cytofleet::parse_imagej(text)) {
        if (imagej->channels < 1 || imagej->slices < 1 || imagej->frames < 1) std::abort();
        if (imagej->order.size() != 3) std::abort();
    }
    if (const auto shaped = cytofleet::parse_shaped(text)) {
        for (const std::int64_t length : shaped->shape) {
            if (length < 1) std::abort();
        }
        if (!shaped->axes.empty() && shaped->axes.size() != shaped->shape.size()) std::abort();
    }
    // The first bytes are the byte counts of the metadata block that the rest is.
    const std::size_t numbers = size == 0 ? 0 : data[0] % 8U;
    if (size > numbers) {
        std::vector<std::uint64_t> counts;
        for (std::size_t i = 0; i < numbers; ++i) counts.push_back(data[i + 1] * 4U);
        const auto rest = std::as_bytes(std::span(data + numbers, size - numbers));
        cytofleet::imagej_labels(counts, rest, cytofleet::ByteOrder::big);
        cytofleet::imagej_labels(counts, rest, cytofleet::ByteOrder::little);
    }
    return 0;
}
