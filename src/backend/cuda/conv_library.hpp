// The library that computes convolutions on a device: cuDNN (cudnn.cpp), or plain loops where tests
// run the kernels on the host.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "backend/cuda/conv_shape.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// A convolution of one shape, ready to run.
class ConvPlan {
  public:
    virtual ~ConvPlan() = default;
    virtual std::size_t workspace_bytes() const = 0;
    /// y = the sums of x and weights; all in device memory, laid out as conv_shape.hpp says.
    virtual void run(const void* x, const void* weights, void* y, void* workspace) const = 0;
};

class ConvLibrary {
  public:
    virtual ~ConvLibrary() = default;
    virtual std::string description() const = 0;
    /// Throws DeviceError where the library knows no acceptable way.
    virtual std::unique_ptr<ConvPlan> plan(const ConvShape& shape) const = 0;
};

/// Runs on `stream`. Throws DeviceError when there is no usable device.
std::unique_ptr<ConvLibrary> make_conv_library(Stream stream);

}  // namespace cytofleet::cuda
