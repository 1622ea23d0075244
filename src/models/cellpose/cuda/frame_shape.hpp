// What frames of one shape have in common on a device.
#pragma once

#include <map>
#include <memory>

#include "kernels/support/device_memory.hpp"
#include "kernels/tiles/device_grid_cuda.hpp"
#include "kernels/tiles/tiles.hpp"
#include "models/cellpose/cuda/mask_stage.hpp"
#include "models/cellpose/scale.hpp"
#include "models/cellpose/settings.hpp"

namespace cytofleet::cuda {

struct FrameShape {
    Extent frame;     ///< as read
    TileGrid grid;    ///< of the resized frame
    Extent dynamics;  ///< where points follow the flows
    DeviceGrid device_grid;
};

/// Makes shapes, and the memory of their mask stage, and keeps the last ones.
class FrameShapes {
  public:
    FrameShapes(Stream stream, const Scale& scale, const CellposeSettings& settings);
    /// Throws Error{input} for frames that cannot be segmented.
    std::shared_ptr<const FrameShape> shape_of(Extent frame);
    /// Valid until it is called with another shape.
    MaskStage& masks_of(const FrameShape& shape);
    /// Gives all memory back but what shapes hold that are in use.
    void clear();

  private:
    Stream stream_;
    Scale scale_;
    CellposeSettings settings_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::shared_ptr<const FrameShape>> shapes_;
    std::unique_ptr<MaskStage> masks_;
};

}  // namespace cytofleet::cuda
