// Gives every pixel the label of the bin its point ended in (cellpose3.md 5.4, steps 6 to 8).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/flow/flow_point.hpp"
#include "kernels/seeds/seeds.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// labels[pixels[i]] = label of the bin of ends[i]; labels of more than `largest_size` pixels
/// become 0, the others 1..n in raster order of their first pixels. `bin_labels`: one per bin, 0 to
/// `seeds`. `labels` must be zero. Returns n.
std::uint32_t label_points(const Exec& exec, const EndCounts& counts,
                           std::span<const std::uint32_t> bin_labels, std::size_t seeds,
                           std::span<const std::uint32_t> pixels, std::span<const Point> ends,
                           double largest_size, std::span<std::uint32_t> labels);

}  // namespace cytofleet
