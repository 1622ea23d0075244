// Brings a frame to the range the network was trained on (cellpose3.md 2.2-2.5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// Cellpose's `normalize` dict. Percentages, pixels.
struct NormalizeOptions {
    bool normalize = true;
    std::optional<std::array<std::array<double, 2>, 2>> lowhigh;  ///< {low, high} per channel
    std::array<double, 2> percentile{1.0, 99.0};
    double sharpen_radius = 0;
    double smooth_radius = 0;
    std::int64_t tile_norm_blocksize = 0;
    bool invert = false;
};

/// In place. `image`: channels x height x width (planar), float32, 1 or 2 channels.
void normalize(const Exec& exec, std::span<float> image, std::int64_t channels, std::int64_t height,
               std::int64_t width, const NormalizeOptions& options);

}  // namespace cytofleet
