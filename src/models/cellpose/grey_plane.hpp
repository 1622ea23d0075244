// One grey plane on its way into Cellpose, and what there is to say about its pixels beforehand.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "image/image.hpp"
#include "models/segmenter.hpp"

namespace cytofleet {

/// The network's input: (channels, H, W) float32, the plane first, then zeros.
std::vector<float> grey_input(const Image& plane, std::int64_t channels);

struct PlaneCheck {
    bool finite = true;    ///< no NaN and no infinity
    bool constant = true;  ///< every pixel is the same
};

/// Of at least one pixel.
template <class Pixel>
PlaneCheck check_plane(std::span<const Pixel> pixels);

/// Adds what the user is to know of such a plane. True: it can be segmented; otherwise the result
/// is final, without cells: Python would feed the network raw intensities and find nothing
/// (cellpose3.md 2.2).
bool take_check(const PlaneCheck& check, const Image& plane, SegmentResult& result);

}  // namespace cytofleet
