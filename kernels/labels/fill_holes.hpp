// Fills the holes of every label (cellpose3.md 5.6 step 2).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/labels/measure.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// In ascending order every label takes the pixels of its box that no path over the four neighbours
/// joins to the border of the box, whatever label they have. A label swallowed before its turn
/// vanishes. Then the labels are numbered 1.. in ascending order; the numbers of vanished ones stay
/// unused.
void fill_holes(const Exec& exec, std::span<std::uint32_t> labels, std::int64_t width,
                std::span<const LabelBox> boxes);

}  // namespace cytofleet
