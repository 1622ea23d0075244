// Bytes that each step of the mask stage has to move: the formulae of kernels/README.md.
#pragma once

#include <string_view>

namespace cytofleet::bench {

/// What the formulae need to know of a frame.
struct MaskLoad {
    double pixels = 0;      ///< N
    double bins = 0;        ///< B = (height + 40) * (width + 40)
    double foreground = 0;  ///< F: pixels of cells
    double boxes = 0;       ///< A: pixels in the boxes of all cells
    double cells = 0;       ///< n
    double heat = 8;        ///< r: bytes of a number of the flow QC
};

/// Of one call of the step, a name that MaskStage's watcher hears. Throws std::logic_error for
/// others.
double mask_traffic(std::string_view step, const MaskLoad& load);

}  // namespace cytofleet::bench
