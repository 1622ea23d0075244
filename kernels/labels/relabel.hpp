// Erases and renumbers whole labels (cellpose3.md 5.5 at its end, 5.6 steps 1 and 3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/labels/measure.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// label = renamed[label] for every pixel.
void relabel(const Exec& exec, std::span<std::uint32_t> labels,
             std::span<const std::uint32_t> renamed);

/// Erases small labels by Cellpose's rule, then numbers the others 1.. in raster order of first
/// pixels. The rule: of the labels present, in ascending order and with 0 where there is
/// background, the one at rank r >= 1 has fewer than `min_size` pixels: label number r is erased,
/// whether or not it is that one. Returns how many labels are left.
std::uint32_t remove_small(const Exec& exec, std::span<std::uint32_t> labels,
                           std::span<const LabelBox> boxes, std::int64_t min_size);

}  // namespace cytofleet
