// Gives every pixel the label of the bin its point ended in, on a device (cellpose3.md 5.4, steps
// 6 to 8).
#pragma once

#include <cstdint>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// The twin of cytofleet::label_points. `bins`: what follow_flow made, (plane.height, plane.width);
/// `bin_labels`: what grow_seeds made. *plane.count: the number of seeds before, of labels after.
/// `boxes`: room for plane.most + 1, scratch memory; `scratch`: relabel_scratch_bytes().
void label_points(Stream stream, const std::uint32_t* bins, const std::uint32_t* bin_labels,
                  const LabelPlane& plane, double largest_size, DeviceBox* boxes, void* scratch);

}  // namespace cytofleet::cuda
