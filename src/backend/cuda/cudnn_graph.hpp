// A convolution and what is fused with it (conv_graph.hpp), as cuDNN's graph.
#pragma once

#include <cstdint>
#include <cudnn.h>
#include <map>
#include <vector>

#include "backend/cuda/conv_graph.hpp"
#include "backend/cuda/cudnn_descriptor.hpp"

namespace cytofleet::cuda {

/// A finished graph and what it is made of, which is kept as long as the graph is. Throws
/// DeviceError where cuDNN does not let it be described.
class CudnnGraph {
  public:
    /// `cudnn`: null for a device that is only described. `any_size`: kernels that are compiled for
    /// it may serve other sizes, through a kernel cache.
    CudnnGraph(cudnnHandle_t cudnn, const ConvShape& shape, const ConvGraph& from, bool any_size);
    const CudnnDescriptor& whole() const { return whole_; }

  private:
    cudnnBackendDescriptor_t keep(CudnnDescriptor part);
    cudnnBackendDescriptor_t convolution(const ConvShape& shape, const ConvGraph& from);
    cudnnBackendDescriptor_t pointwise(const GraphStep& step);

    std::vector<CudnnDescriptor> parts_;
    std::map<std::int64_t, cudnnBackendDescriptor_t> tensors_;
    CudnnDescriptor whole_;
};

}  // namespace cytofleet::cuda
