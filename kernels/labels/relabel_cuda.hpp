// Erases and renumbers whole labels on a device (cellpose3.md 5.4 steps 7 and 8, 5.5 at its end,
// 5.6).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/labels/measure_cuda.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Bytes of `scratch` of every function here. Only the plane's sizes count.
std::size_t relabel_scratch_bytes(std::int64_t height, std::int64_t width, std::int64_t most);

// All of them write plane.labels, and all but erase_wrong then set *plane.count to the number of
// labels left, which are 1 to that number. `boxes` = measure_labels(plane); they describe the
// labels as they were.

/// Erases labels of more than `largest_size` pixels; the others are numbered in raster order of
/// their first pixels.
void remove_large(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                  double largest_size, void* scratch);

/// The twin of cytofleet::remove_small.
void remove_small(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                  std::int64_t min_size, void* scratch);

/// Numbers the labels that have pixels by `boxes` in ascending order.
void close_gaps(Stream stream, const LabelPlane& plane, const DeviceBox* boxes, void* scratch);

/// Erases label k where errors[k - 1] > threshold, and renumbers nothing. `errors`: one per label
/// up to *plane.count, NaN for absent ones, in device memory.
void erase_wrong(Stream stream, const LabelPlane& plane, const double* errors, double threshold);

}  // namespace cytofleet::cuda
