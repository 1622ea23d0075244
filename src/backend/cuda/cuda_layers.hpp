// Layers whose numbers lie in device memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/convolve_check.hpp"
#include "backend/cuda/cuda_features.hpp"
#include "backend/nn_ops.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

class CudaConvolution : public Convolution {
  public:
    CudaConvolution(Stream stream, const ConvNumbers& numbers, Sampling sampling, Element element);
    ConvKind kind() const { return kind_; }
    std::int64_t kernel() const { return kernel_; }
    /// As lay_out_weights() makes them.
    const void* weights() const { return weights_.data(); }
    ChannelValues bias() const { return {bias_.data(), 0}; }

  private:
    ConvKind kind_;
    std::int64_t kernel_;
    DeviceArray<std::byte> weights_;
    DeviceArray<float> bias_;
};

class CudaLinear : public Linear {
  public:
    CudaLinear(Stream stream, const LinearNumbers& numbers);
    void run(Stream stream, const CudaFeatures& in, CudaFeatures& out) const;

  private:
    std::int64_t in_;
    std::int64_t out_;
    DeviceArray<float> weights_;  ///< (in, padded out)
    DeviceArray<float> bias_;
};

class CudaProjection : public Projection {
  public:
    CudaProjection(Stream stream, const Affine& affine, const ConvNumbers& numbers);
    void run(Stream stream, const CudaFeatures& in, CudaFeatures& out) const;

  private:
    std::int64_t in_;
    std::int64_t out_;
    DeviceArray<float> scale_;
    DeviceArray<float> shift_;
    DeviceArray<float> weights_;  ///< (out, padded in)
    DeviceArray<float> bias_;
};

}  // namespace cytofleet::cuda
