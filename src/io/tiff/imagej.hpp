// What ImageJ writes about a stack: the ImageDescription and the binary metadata tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"

namespace cytofleet {

struct ImageJDescription {
    std::int64_t images = 1;
    std::int64_t channels = 1;
    std::int64_t slices = 1;
    std::int64_t frames = 1;
    std::string order = "TZC";  ///< axes of the planes, slowest first
    std::optional<std::string> unit;
    std::optional<double> spacing;         ///< between slices, in `unit`
    std::optional<double> frame_interval;  ///< seconds
};

/// Absent when the text is not ImageJ's (or SCIFIO's). Counts below 1 become 1.
std::optional<ImageJDescription> parse_imagej(std::string_view description);

/// The slice labels from tags 50838 (`counts`) and 50839 (`data`); empty when there are none or the
/// block is damaged. UTF-8.
std::vector<std::string> imagej_labels(std::span<const std::uint64_t> counts,
                                       std::span<const std::byte> data, ByteOrder order);

}  // namespace cytofleet
