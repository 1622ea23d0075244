#include "backend/cuda/cuda_layers.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "kernels/nn/planes_cuda.hpp"
#include "kernels/nn/style_cuda.hpp"

namespace cytofleet::cuda {
namespace {

DeviceArray<float> put(Stream stream, const std::vector<float>& values) {
    return {stream, std::span(values)};
}

std::vector<float> padded(std::vector<float> values) {
    values.resize(static_cast<std::size_t>(padded_channels(std::ssize(values))));
    return values;
}

}  // namespace

CudaConvolution::CudaConvolution(Stream stream, const ConvNumbers& numbers, Sampling sampling,
                                 Element element)
    : kind_{numbers.in, numbers.out, sampling},
      kernel_(numbers.kernel),
      weights_(static_cast<std::size_t>(padded_channels(numbers.out) * numbers.kernel *
                                        numbers.kernel * padded_channels(numbers.in) *
                                        bytes_of(element))),
      bias_(put(stream, padded(numbers.bias))) {
    const DeviceArray<float> plain = put(stream, numbers.weights);
    lay_out_weights(stream, plain.data(), numbers.in, numbers.out, numbers.kernel, element,
                    weights_.data());
    synchronize(stream);
}

CudaLinear::CudaLinear(Stream stream, const LinearNumbers& numbers)
    : in_(numbers.in), out_(numbers.out), bias_(put(stream, padded(numbers.bias))) {
    const std::int64_t stride = padded_channels(out_);
    std::vector<float> turned(static_cast<std::size_t>(in_ * stride));
    for (std::int64_t o = 0; o < out_; ++o)
        for (std::int64_t i = 0; i < in_; ++i)
            turned[static_cast<std::size_t>(i * stride + o)] =
                numbers.weights[static_cast<std::size_t>(o * in_ + i)];
    weights_ = put(stream, turned);
}

void CudaLinear::run(Stream stream, const CudaFeatures& in, CudaFeatures& out) const {
    ensure(in.channels == in_ && out.channels == out_ && in.n == out.n &&
               in.height * in.width == 1 && out.height * out.width == 1,
           "the values have the layer's sizes");
    linear(stream, weights_.data(), bias_.data(), in_, in.floats(), in.n, padded_channels(in_),
           out.floats(), padded_channels(out_));
}

CudaProjection::CudaProjection(Stream stream, const Affine& affine, const ConvNumbers& numbers)
    : in_(numbers.in),
      out_(numbers.out),
      scale_(put(stream, padded(affine.scale))),
      shift_(put(stream, padded(affine.shift))),
      bias_(put(stream, numbers.bias)) {
    ensure(numbers.kernel == 1, "a projection is a 1 x 1 convolution");
    const std::int64_t stride = padded_channels(in_);
    std::vector<float> weights(static_cast<std::size_t>(out_ * stride));
    for (std::int64_t o = 0; o < out_; ++o)
        std::copy_n(numbers.weights.begin() + o * in_, in_, weights.begin() + o * stride);
    weights_ = put(stream, weights);
}

void CudaProjection::run(Stream stream, const CudaFeatures& in, CudaFeatures& out) const {
    ensure(in.channels == in_ && out.channels == out_ && in.n == out.n && out.planar() &&
               !in.planar() && in.height == out.height && in.width == out.width,
           "a projection makes planes of the input's size");
    project(stream, in.data(), in.size(), scale_.data(), shift_.data(), weights_.data(),
            bias_.data(), out_, out.floats());
}

}  // namespace cytofleet::cuda
