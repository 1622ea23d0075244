// The library that computes convolutions on a device: cuDNN (cudnn.cpp), or plain loops where tests
// run the kernels on the host.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "backend/cuda/conv_fusion.hpp"
#include "backend/cuda/conv_graph.hpp"
#include "backend/cuda/conv_kernels.hpp"
#include "backend/cuda/conv_shape.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// A convolution of one shape and form, ready to run.
class ConvPlan {
  public:
    virtual ~ConvPlan() = default;
    virtual std::size_t workspace_bytes() const = 0;
    /// All in device memory, laid out as graph_of() says.
    virtual void run(const ConvData& data, void* workspace) const = 0;
};

class ConvLibrary {
  public:
    virtual ~ConvLibrary() = default;
    virtual std::string description() const = 0;
    /// Whether the library has an acceptable way. Compiles nothing. Throws DeviceError.
    virtual bool knows(const ConvShape& shape, const ConvFusion& form) const = 0;
    /// Null where there is none after all. Throws DeviceError.
    virtual std::unique_ptr<ConvPlan> plan(const ConvShape& shape,
                                           const ConvFusion& form) const = 0;
};

/// Runs on `stream`; `kernels` are the device's, shared by all its libraries. Throws DeviceError
/// when there is no usable device.
std::unique_ptr<ConvLibrary> make_conv_library(Stream stream,
                                               const std::shared_ptr<ConvKernels>& kernels);
/// What cuDNN has for a device that is only described. Its plans cannot be run.
std::unique_ptr<ConvLibrary> make_paper_library(const std::shared_ptr<ConvKernels>& kernels);

}  // namespace cytofleet::cuda
