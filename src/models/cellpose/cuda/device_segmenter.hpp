// Frames go up to a device once and come back as labels; everything between is queued, not waited
// for.
#pragma once

#include <memory>

#include "kernels/support/device_memory.hpp"
#include "models/cellpose/network.hpp"
#include "models/cellpose/scale.hpp"
#include "models/cellpose/settings.hpp"
#include "models/segmenter.hpp"

namespace cytofleet::cuda {

/// `net`: on the operations of make_cuda_ops(..., stream), which outlives this, as the net does.
/// `settings.masks.niter` is the number of steps. Copies run beside the kernels on streams of their
/// own. When the device's memory does not hold a batch it is halved, which `notes()` tells.
std::unique_ptr<Segmenter> make_device_segmenter(Stream stream, const CpNet& net,
                                                 const Scale& scale,
                                                 const CellposeSettings& settings);

}  // namespace cytofleet::cuda
