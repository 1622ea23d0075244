// A convolution and what is fused with it, as the tensors and steps of a graph: plain data, which
// cudnn.cpp hands to cuDNN and the tests' emulation executes.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/cuda/conv_fusion.hpp"
#include "backend/cuda/conv_shape.hpp"

namespace cytofleet::cuda {

/// Device memory of a convolution's operands; null where its form has none.
struct ConvData {
    const void* x = nullptr;
    const void* weights = nullptr;
    void* y = nullptr;
    const float* bias = nullptr;
    const void* add = nullptr;
    const float* add_scale = nullptr;
    const float* copy_scale = nullptr;
    const float* copy_shift = nullptr;
    void* copy = nullptr;
};

struct GraphTensor {
    std::int64_t id = 0;
    TensorLayout layout;
    Element element = Element::f32;
    bool passing = false;  ///< from step to step only, in no memory
};

struct GraphStep {
    enum class Kind { add, multiply, relu };
    Kind kind = Kind::add;
    std::int64_t in = 0;
    std::int64_t with = 0;  ///< add, multiply: what is broadcast; relu: nothing
    std::int64_t out = 0;
};

/// A tensor in memory and where.
struct GraphOperand {
    std::int64_t id = 0;
    const void* data = nullptr;
};

struct ConvGraph {
    std::vector<GraphTensor> tensors;
    std::int64_t x = 0;
    std::int64_t weights = 0;
    std::int64_t sums = 0;         ///< what the convolution writes
    std::vector<GraphStep> steps;  ///< in this order
};

/// Values per channel are float32 whatever the precision, and the second operand of their step.
/// Only what the form has is in it; between steps everything is float32 and passing; y is what the
/// copy is made of.
ConvGraph graph_of(const ConvShape& shape, const ConvFusion& form);
/// The tensors in memory of such a graph. Throws InternalError where `data` lacks one.
std::vector<GraphOperand> operands_of(const ConvFusion& form, const ConvData& data);

}  // namespace cytofleet::cuda
