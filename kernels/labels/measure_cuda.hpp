// Size and place of every label of a plane, on a device.
#pragma once

#include <cstdint>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// A plane of labels whose number only the device knows. All pointers are in device memory.
struct LabelPlane {
    std::uint32_t* labels = nullptr;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::uint32_t* count = nullptr;  ///< no label is larger
    std::int64_t most = 0;           ///< what the caller knows: *count is no larger
    std::int64_t pixels() const { return height * width; }
};

/// LabelBox in 32 bits. A label that is absent has LabelBox's initial values.
struct DeviceBox {
    std::int32_t top;
    std::int32_t left;
    std::int32_t bottom;
    std::int32_t right;
    std::int32_t first;  ///< first pixel in raster order
    std::uint32_t size;  ///< pixels; 0: the label is absent
};

/// The twin of cytofleet::measure_labels: boxes[k] for k = 0 to *plane.count. `boxes`: room for
/// plane.most + 1.
void measure_labels(Stream stream, const LabelPlane& plane, DeviceBox* boxes);

/// result[0]: the largest label of `boxes` that is there, result[1]: how many are, without 0.
void count_labels(Stream stream, const LabelPlane& plane, const DeviceBox* boxes,
                  std::uint32_t* result);

}  // namespace cytofleet::cuda
