// The kernels that all tests of a process share: each is compiled once.
#pragma once

#include <memory>

#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/kernel_files.hpp"

namespace cytofleet::cuda {

inline const std::shared_ptr<ConvKernels>& test_kernels() {
    static const std::shared_ptr<ConvKernels> kernels = open_conv_kernels(0, kernel_folder());
    return kernels;
}

}  // namespace cytofleet::cuda
