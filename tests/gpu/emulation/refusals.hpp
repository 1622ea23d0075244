// What the emulation's convolutions refuse, as cuDNN may.
#pragma once

#include <functional>

#include "backend/cuda/conv_fusion.hpp"
#include "backend/cuda/conv_shape.hpp"

namespace cytofleet::cuda {

using Refusals = std::function<bool(const ConvShape&, const ConvFusion&)>;
/// Empty: nothing.
Refusals& refusals();

}  // namespace cytofleet::cuda
