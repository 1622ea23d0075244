// Percentiles of a frame on a device, and what normalising by them does to it.
#pragma once

#include <array>
#include <cstddef>

#include "kernels/normalize/frame_scale.hpp"
#include "kernels/resize/resize.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Bytes of scratch memory for frame_scale, aligned to 16.
std::size_t frame_scale_scratch_bytes();

/// Measures a plane in its own pixel type (std::uint8_t, std::uint16_t or float) and leaves in
/// `out` what normalising by the percentiles at `percent` does to it, bit for bit as the CPU twin.
/// All pointers are in device memory.
template <class Pixel>
void frame_scale(Stream stream, const Pixel* frame, Extent extent, std::array<double, 2> percent,
                 void* scratch, FrameScale* out);

}  // namespace cytofleet::cuda
