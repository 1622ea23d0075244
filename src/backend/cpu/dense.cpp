#include "backend/cpu/dense.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace cytofleet::cpu {

void CpuLinear::run(const BlockedFeatures& in, BlockedFeatures& out) const {
    ensure(in.channels == numbers_.in && out.channels == numbers_.out,
           "the values have the layer's sizes");
    const std::span<const float> x = in.per_channel();
    const std::span<float> y = out.per_channel();
    std::ranges::fill(y, 0.0F);
    const auto inputs = static_cast<std::size_t>(numbers_.in);
    for (std::size_t o = 0; o < numbers_.bias.size(); ++o) {
        double sum = 0;
        for (std::size_t i = 0; i < inputs; ++i)
            sum +=
                static_cast<double>(numbers_.weights[o * inputs + i]) * static_cast<double>(x[i]);
        y[o] = numbers_.bias[o] + static_cast<float>(sum);
    }
}

CpuProjection::CpuProjection(const Affine& affine, const ConvNumbers& numbers, std::int64_t block)
    : in_(numbers.in), bias_(numbers.bias) {
    ensure(numbers.kernel == 1, "a projection is a 1 x 1 convolution");
    const std::int64_t channels = (numbers.in + block - 1) / block * block;
    scale_ = padded(affine.scale, channels);
    shift_ = padded(affine.shift, channels);
    weights_.resize(static_cast<std::size_t>(numbers.out * channels));
    for (std::int64_t o = 0; o < numbers.out; ++o)
        std::copy_n(numbers.weights.begin() + o * numbers.in, numbers.in,
                    weights_.begin() + o * channels);
}

void CpuProjection::run(const BlockedFeatures& in, BlockedFeatures& out) const {
    ensure(in.channels == in_ && out.channels == std::ssize(bias_) && out.block() == 1 &&
               in.height == out.height && in.width == out.width,
           "a projection makes planes of the input's size");
    const auto count = static_cast<std::size_t>(out.channels * out.height * out.width);
    project(in.view(), scale_, shift_, weights_, bias_, {out.data(), count});
}

void unit_length(BlockedFeatures& values) {
    const auto all = values.per_channel().first(static_cast<std::size_t>(values.channels));
    double squares = 0;
    for (const float value : all)
        squares += static_cast<double>(value) * static_cast<double>(value);
    const auto norm = static_cast<float>(std::sqrt(squares));
    for (float& value : all) value /= norm;
}

}  // namespace cytofleet::cpu
