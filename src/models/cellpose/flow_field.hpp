// From a frame to the network's flows: normalise, resize, tile, network, blend, resize back.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
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
    FrameTimes times;          ///< spent on it so far
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
    FrameTimes times;
};

/// Frames on their way through the network, `batch_size` tiles at a time across frames. Each comes
/// out as soon as its last tile is through; its image is freed once it is cut.
class FlowStream {
  public:
    FlowStream(const Exec& exec, CpNet& net, const CellposeSettings& settings);
    ~FlowStream();
    FlowStream(const FlowStream&) = delete;
    FlowStream& operator=(const FlowStream&) = delete;

    /// Runs the network whenever a batch is full.
    void add(PreparedFrame frame);
    /// No more frames come for now: the tiles that wait go through.
    void flush();
    /// The oldest frame that was not taken, if it is through.
    std::optional<FlowField> take();

  private:
    struct InFlight;
    class Batch;
    FlowField finish(const InFlight& done) const;

    Exec exec_;
    CpNet& net_;
    bool resample_;
    std::unique_ptr<Batch> batch_;
    std::deque<std::unique_ptr<InFlight>> flying_;
};

/// All of them through a FlowStream. Adds to `times`.
std::vector<FlowField> compute_flows(const Exec& exec, CpNet& net,
                                     std::vector<PreparedFrame> frames,
                                     const CellposeSettings& settings, FrameTimes& times);

}  // namespace cytofleet
