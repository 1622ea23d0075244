// Resizing as Python's OpenCV does it, to the last bit (cellpose3.md 2.6).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/support/exec.hpp"

namespace cytofleet {

struct Extent {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t pixels() const { return height * width; }
    bool operator==(const Extent&) const = default;
};

/// Bilinear by OpenCV's own code: what a 2-channel array gets (network input, tile-norm maps). One
/// plane.
void resize_input(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                  Extent to);
/// Bilinear by IPP's rule: what 1-, 3- and 4-channel arrays get (network output). One plane.
void resize_output(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                   Extent to);
/// Nearest neighbour, for labels.
void resize_labels(const Exec& exec, std::span<const std::uint32_t> in, Extent from,
                   std::span<std::uint32_t> out, Extent to);

}  // namespace cytofleet
