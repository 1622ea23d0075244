#include "models/cellpose/cuda/frame_shape.hpp"

#include "models/cellpose/flow_field.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::size_t most_shapes = 8;

}  // namespace

FrameShapes::FrameShapes(Stream stream, const Scale& scale, const CellposeSettings& settings)
    : stream_(stream), scale_(scale), settings_(settings) {}

std::shared_ptr<const FrameShape> FrameShapes::shape_of(Extent frame) {
    std::shared_ptr<const FrameShape>& shape = shapes_[{frame.height, frame.width}];
    if (shape) return shape;
    try {
        const TileGrid grid = tile_grid_of(frame, scale_, settings_);
        const Extent dynamics = settings_.resample ? frame : grid.frame;
        check_mask_sizes(dynamics, frame, settings_.masks);
        shape = std::make_shared<const FrameShape>(
            FrameShape{frame, grid, dynamics, DeviceGrid(stream_, grid)});
    } catch (...) {
        shapes_.erase({frame.height, frame.width});
        throw;
    }
    std::shared_ptr<const FrameShape> out = shape;
    if (shapes_.size() > most_shapes) shapes_.clear();
    return out;
}

MaskStage& FrameShapes::masks_of(const FrameShape& shape) {
    if (!masks_ || masks_->grid() != shape.dynamics || masks_->frame() != shape.frame) {
        masks_.reset();
        masks_ = std::make_unique<MaskStage>(shape.dynamics, shape.frame, settings_.masks);
    }
    return *masks_;
}

void FrameShapes::clear() {
    shapes_.clear();
    masks_.reset();
}

}  // namespace cytofleet::cuda
