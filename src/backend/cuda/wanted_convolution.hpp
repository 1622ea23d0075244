// A convolution as a network asks for it.
#pragma once

#include "backend/cuda/conv_fusion.hpp"
#include "backend/cuda/conv_shape.hpp"

namespace cytofleet::cuda {

struct WantedConvolution {
    ConvShape shape;
    ConvFusion form;
    auto operator<=>(const WantedConvolution&) const = default;
};

}  // namespace cytofleet::cuda
