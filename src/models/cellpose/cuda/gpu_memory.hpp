// What a call takes of a GPU's memory, buffer by buffer.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/resize/resize.hpp"
#include "models/cellpose/scale.hpp"
#include "models/cellpose/settings.hpp"

namespace cytofleet::cuda {

/// Bytes of a call with so many such frames at its most, the model's own included; not the driver's
/// context, and of what cuDNN asks for one map of the network. `widths`: CpNet::widths().
/// settings.batch_size is not 0.
std::uint64_t bytes_of_gpu_call(Extent frame, std::int64_t frames,
                                std::span<const std::int64_t> widths, const Scale& scale,
                                const CellposeSettings& settings, Precision precision);

/// The same of the host's memory, without what the driver and cuDNN keep there.
std::uint64_t bytes_beside_gpu_call(Extent frame, std::int64_t frames, std::int64_t channels,
                                    const Scale& scale, const CellposeSettings& settings);

}  // namespace cytofleet::cuda
