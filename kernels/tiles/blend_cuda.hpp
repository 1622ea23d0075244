// The network's answers on a device, blended back to the resized frame.
#pragma once

#include "kernels/support/device_memory.hpp"
#include "kernels/tiles/device_grid_cuda.hpp"

namespace cytofleet::cuda {

/// The twin of TileBlend, bit for bit: from all tiles of a frame (Y flow, X flow, logit), in
/// order, to `out` (3, grid.frame.height, grid.frame.width). Pointers are in device memory.
void blend_tiles(Stream stream, const TileGridView& grid, const float* tiles, TileLayout layout,
                 float* out);

}  // namespace cytofleet::cuda
