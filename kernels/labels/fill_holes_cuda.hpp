// Fills the holes of every label on a device (cellpose3.md 5.6 step 2).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Bytes of `scratch` below. Only the plane's sizes count.
std::size_t fill_holes_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most);

/// The twin of cytofleet::fill_holes; `boxes` = measure_labels(plane). *plane.count becomes the
/// number of labels that had pixels before.
void fill_holes(Stream stream, const LabelPlane& plane, const DeviceBox* boxes, void* scratch);

}  // namespace cytofleet::cuda
