#include "backend/cuda/cudnn_graph.hpp"

#include <array>
#include <utility>

namespace cytofleet::cuda {
namespace {

CudnnDescriptor tensor(const GraphTensor& from) {
    constexpr std::int64_t alignment = 16;
    const cudnnDataType_t type = from.element == Element::f16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
    const bool is_virtual = from.passing;
    CudnnDescriptor out(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    out.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    out.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, from.layout.sizes.data());
    out.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, from.layout.strides.data());
    out.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, from.id);
    out.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
    out.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
    return std::move(out).finish("a tensor");
}

cudnnPointwiseMode_t mode_of(GraphStep::Kind kind) {
    switch (kind) {
        case GraphStep::Kind::add:
            return CUDNN_POINTWISE_ADD;
        case GraphStep::Kind::multiply:
            return CUDNN_POINTWISE_MUL;
        case GraphStep::Kind::relu:
            break;
    }
    return CUDNN_POINTWISE_RELU_FWD;
}

}  // namespace

CudnnGraph::CudnnGraph(cudnnHandle_t cudnn, const ConvShape& shape, const ConvGraph& from,
                       bool any_size)
    : whole_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
    for (const GraphTensor& each : from.tensors) tensors_[each.id] = keep(tensor(each));
    std::vector<cudnnBackendDescriptor_t> operations{convolution(shape, from)};
    for (const GraphStep& step : from.steps) operations.push_back(pointwise(step));
    if (cudnn != nullptr)
        whole_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
    if (any_size)
        whole_.set(CUDNN_ATTR_OPERATIONGRAPH_IS_DYNAMIC_SHAPE_ENABLED, CUDNN_TYPE_BOOLEAN, 1,
                   &any_size);
    whole_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::ssize(operations),
               operations.data());
    whole_ = std::move(whole_).finish("a graph");
}

cudnnBackendDescriptor_t CudnnGraph::keep(CudnnDescriptor part) {
    parts_.push_back(std::move(part));
    return parts_.back().handle();
}

cudnnBackendDescriptor_t CudnnGraph::convolution(const ConvShape& shape, const ConvGraph& from) {
    CudnnDescriptor kind(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const std::array<std::int64_t, 2> one{1, 1};
    const std::array<std::int64_t, 2> pad{shape.kernel / 2, shape.kernel / 2};
    kind.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    kind.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    kind.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
    kind.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, one.data());
    kind.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, one.data());
    kind.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, pad.data());
    kind.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, pad.data());

    CudnnDescriptor out(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    const float alpha = 1;
    const float beta = 0;
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, tensors_.at(from.x));
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, tensors_.at(from.weights));
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, tensors_.at(from.sums));
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
            keep(std::move(kind).finish("a convolution")));
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &alpha);
    out.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &beta);
    return keep(std::move(out).finish("a forward convolution"));
}

cudnnBackendDescriptor_t CudnnGraph::pointwise(const GraphStep& step) {
    CudnnDescriptor kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    const cudnnPointwiseMode_t mode = mode_of(step.kind);
    const cudnnDataType_t computed_in = CUDNN_DATA_FLOAT;
    kind.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    kind.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &computed_in);

    CudnnDescriptor out(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    out.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
            keep(std::move(kind).finish("a pointwise step")));
    out.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, tensors_.at(step.in));
    if (step.kind != GraphStep::Kind::relu)
        out.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, tensors_.at(step.with));
    out.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, tensors_.at(step.out));
    return keep(std::move(out).finish("a pointwise operation"));
}

}  // namespace cytofleet::cuda
