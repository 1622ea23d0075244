// A frame's way up to a device, in its own pixel type, and into tiles there.
#pragma once

#include <cstdint>

#include "image/image.hpp"
#include "kernels/normalize/frame_scale.hpp"
#include "kernels/support/device_memory.hpp"
#include "kernels/support/streams.hpp"
#include "kernels/tiles/device_grid_cuda.hpp"
#include "models/cellpose/settings.hpp"
#include "models/segmenter.hpp"

namespace cytofleet::cuda {

/// Memory for one frame after the other. What percentiles normalise goes up as it is and is
/// normalised there; for every other way of normalising the host does it first.
class LoadedFrame {
  public:
    /// Copies the plane to page-locked memory and, on `up`, to the device. False: `result` is
    /// final (take_check of grey_plane.hpp). The frame before must be down again.
    bool load(const Image& plane, std::int64_t channels, const CellposeSettings& settings,
              Stream up, SegmentResult& result);
    /// On `stream` from here on: waits for the copy, and measures the percentiles.
    void prepare(Stream stream, const CellposeSettings& settings);
    /// Tiles [first, first + count) to `tiles` (count, channels, height, width).
    void cut(Stream stream, const TileGridView& grid, std::int64_t first, std::int64_t count,
             float* tiles) const;
    /// The next load may overwrite the pixels once `stream` has come so far.
    void release(Stream stream) { cut_.record(stream); }
    /// What load() took.
    double seconds() const { return seconds_; }

  private:
    void send(Stream up, std::size_t bytes);

    PinnedBlock staging_;
    DeviceArray<std::byte> pixels_;
    DeviceArray<FrameScale> scale_{1};
    DeviceArray<std::byte> scratch_;
    Event copied_;
    Event cut_;
    PixelType type_ = PixelType::u8;  ///< u8, u16 or f32: what is on the device
    Extent extent_;
    std::int64_t channels_ = 1;
    bool scaled_here_ = true;  ///< by percentiles, on the device
    bool invert_ = false;
    double seconds_ = 0;
};

}  // namespace cytofleet::cuda
