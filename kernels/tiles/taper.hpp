// How much each pixel of a tile counts: less towards the edge (cellpose3.md 3.5).
#pragma once

#include <vector>

#include "kernels/resize/resize.hpp"

namespace cytofleet {

/// (tile.height, tile.width), between 0 and 1.
std::vector<double> taper(Extent tile);

}  // namespace cytofleet
