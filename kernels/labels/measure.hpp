// Size and place of every label of a plane.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// Where a label lies. The box is closed: it holds rows top..bottom and columns left..right.
struct LabelBox {
    std::int64_t top = 0;
    std::int64_t left = 0;
    std::int64_t bottom = -1;
    std::int64_t right = -1;
    std::int64_t first = -1;  ///< first pixel in raster order
    std::int64_t size = 0;    ///< pixels; 0: the label is absent
    std::int64_t height() const { return bottom - top + 1; }
    std::int64_t width() const { return right - left + 1; }
};

/// Entry k describes label k, the background (0) included; as many entries as the largest label
/// + 1.
std::vector<LabelBox> measure_labels(const Exec& exec, std::span<const std::uint32_t> labels,
                                     std::int64_t height, std::int64_t width);

}  // namespace cytofleet
