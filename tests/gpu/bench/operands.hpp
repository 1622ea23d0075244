// What a convolution and what follows it read and write, in device memory, filled with what a
// network has there.
#pragma once

#include <cstddef>
#include <vector>

#include "backend/cuda/conv_graph.hpp"
#include "kernels/nn/pointwise_cuda.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::bench {

/// Made once: numbers for the operands of all shapes.
struct OperandNumbers {
    OperandNumbers();
    std::vector<float> activations;  ///< after a ReLU
    std::vector<float> normal;       ///< of variance 1
    std::vector<float> scales;       ///< about 1
};

class Operands {
  public:
    Operands(cuda::Stream stream, const cuda::ConvShape& shape, const OperandNumbers& numbers);
    cuda::ConvData data();
    /// What follows the sums where `form` is not fused.
    cuda::Finish finish(const cuda::ConvFusion& form);
    const cuda::MapSize& size() const { return size_; }
    /// Some of what was written last: of the first tile and of the last.
    std::vector<float> sample(cuda::Stream stream) const;

  private:
    cuda::MapSize size_;
    cuda::DeviceArray<std::byte> x_, weights_, y_, add_, copy_, bias_, scale_, shift_;
};

/// Largest difference over the largest number of `wanted`; NaN where one is none.
double difference(const std::vector<float>& got, const std::vector<float>& wanted);

}  // namespace cytofleet::bench
