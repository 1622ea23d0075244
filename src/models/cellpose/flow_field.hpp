// From a frame to the network's flows: normalise, resize, tile, network, blend, resize back.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/tiles/tiles.hpp"
#include "models/cellpose/network.hpp"
#include "models/cellpose/scale.hpp"
#include "models/cellpose/settings.hpp"
#include "models/segmenter.hpp"

namespace cytofleet {

/// A frame ready to be cut into tiles.
struct PreparedFrame {
    Extent frame;              ///< as read
    TileGrid grid;             ///< of the resized frame
    std::vector<float> image;  ///< (channels, grid.frame), normalised and resized
};

/// The tiles of a frame resized by `scale`. Throws Error{input} when that leaves no pixel.
TileGrid tile_grid_of(Extent frame, const Scale& scale, const CellposeSettings& settings);

/// Normalises and resizes one frame. `image`: (channels, H, W) float32, changed in place.
/// Throws what tile_grid_of does.
PreparedFrame prepare_frame(const Exec& exec, std::vector<float> image, std::int64_t channels,
                            Extent frame, const Scale& scale, const CellposeSettings& settings);

/// Flows and style of one frame.
struct FlowField {
    Extent extent;              ///< the frame's, or the resized frame's without resample
    std::vector<float> values;  ///< (3, extent): Y flow, X flow, logit
    std::vector<float> style;   ///< unit length
};

/// Runs the network over the tiles of all frames, `batch_size` tiles at a time across frames, and
/// frees each frame's image once it is cut. Adds to `times`.
std::vector<FlowField> compute_flows(const Exec& exec, CpNet& net,
                                     std::vector<PreparedFrame> frames,
                                     const CellposeSettings& settings, FrameTimes& times);

}  // namespace cytofleet
