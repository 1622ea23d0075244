// The GPU that is measured, and its kernels, which all parts of the benchmark share.
#pragma once

#include <memory>

#include "backend/cuda/conv_kernels.hpp"

namespace cytofleet::bench {

struct Gpu {
    int number = 0;
    std::shared_ptr<cuda::ConvKernels> kernels;
};

}  // namespace cytofleet::bench
