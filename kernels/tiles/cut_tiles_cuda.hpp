// From a raw frame on a device to the network's input, in one pass: normalise, resize, pad, cut.
#pragma once

#include <cstdint>

#include "kernels/normalize/frame_scale.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/tiles/device_grid_cuda.hpp"

namespace cytofleet::cuda {

/// A frame before resizing. Pointers are in device memory.
template <class Pixel>
struct FrameSource {
    const Pixel* pixels = nullptr;  ///< (planes, extent.height, extent.width)
    Extent extent;
    int planes = 1;
    const FrameScale* scales = nullptr;  ///< of each plane; null: the pixels are normalised already
    bool invert = false;                 ///< after scaling
    float rest = 0;  ///< what the network's further channels hold: normalised zeros
};

/// Tiles first .. first + count - 1 of the frame, resized to `grid.frame`, to `out`: `channels`
/// channels of float32. The twin of normalize, resize_input and cut_tiles together, bit for bit.
/// Pixel: std::uint8_t, std::uint16_t or float.
template <class Pixel>
void cut_tiles(Stream stream, const FrameSource<Pixel>& frame, const TileGridView& grid,
               int channels, TileLayout layout, std::int64_t first, std::int64_t count, float* out);

}  // namespace cytofleet::cuda
