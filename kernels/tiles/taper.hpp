// How much each pixel of a tile counts: less towards the edge (cellpose3.md 3.5).
#pragma once

#include <vector>

#include "kernels/resize/resize.hpp"

namespace cytofleet {

/// A pixel of a tile counts columns[x] * rows[y], between 0 and 1.
struct TaperLines {
    std::vector<double> rows;     ///< tile.height
    std::vector<double> columns;  ///< tile.width
};

TaperLines taper_lines(Extent tile);

/// All pixels: (tile.height, tile.width).
std::vector<double> taper(Extent tile);

}  // namespace cytofleet
