// Frames and flows with cells on a grid, of any size.
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.hpp"

namespace cytofleet::bench {

/// Round cells; as many along each axis.
struct Scene {
    std::int64_t side = 0;   ///< of the frame, pixels
    std::int64_t along = 1;  ///< cells along an axis
    double diameter = 30;    ///< pixels
    std::int64_t cells() const { return along * along; }
};

/// Cells `pitch` apart or a little less.
Scene scene_of(std::int64_t side, double pitch, double diameter);

/// What a perfect network would say, with noise: (3, side, side), Y flow, X flow, logit.
std::vector<float> flows_of(const Scene& scene);

/// 16 bits. Frames of a movie differ in their noise.
Image frame_of(const Scene& scene, std::uint32_t number);

}  // namespace cytofleet::bench
