#include "nn/layers.hpp"

#include <cmath>
#include <vector>

#include "base/error.hpp"

namespace cytofleet {
namespace {

std::vector<float> values_of(const Tensor& tensor) {
    return {tensor.values().begin(), tensor.values().end()};
}

}  // namespace

Affine read_batch_norm(const Weights& weights, std::int64_t channels) {
    constexpr double epsilon = 1e-5;
    const auto gain = weights.get("weight", {channels}).values();
    const auto bias = weights.get("bias", {channels}).values();
    const auto mean = weights.get("running_mean", {channels}).values();
    const auto variance = weights.get("running_var", {channels}).values();
    Affine out;
    for (std::size_t c = 0; c < gain.size(); ++c) {
        const double scale =
            static_cast<double>(gain[c]) / std::sqrt(static_cast<double>(variance[c]) + epsilon);
        out.scale.push_back(static_cast<float>(scale));
        out.shift.push_back(static_cast<float>(static_cast<double>(bias[c]) -
                                               static_cast<double>(mean[c]) * scale));
    }
    return out;
}

ConvNumbers read_convolution(const Weights& weights, std::int64_t in, std::int64_t out,
                             std::int64_t kernel) {
    return {in, out, kernel, values_of(weights.get("weight", {out, in, kernel, kernel})),
            values_of(weights.get("bias", {out}))};
}

LinearNumbers read_linear(const Weights& weights, std::int64_t in, std::int64_t out) {
    return {in, out, values_of(weights.get("weight", {out, in})),
            values_of(weights.get("bias", {out}))};
}

ConvNumbers fold_before(const Affine& norm, ConvNumbers conv) {
    ensure(conv.kernel == 1, "only a 1 x 1 convolution takes the norm before it");
    for (std::int64_t o = 0; o < conv.out; ++o) {
        double shift = 0;
        for (std::int64_t i = 0; i < conv.in; ++i) {
            float& weight = conv.weights[static_cast<std::size_t>(o * conv.in + i)];
            const auto c = static_cast<std::size_t>(i);
            shift += static_cast<double>(weight) * static_cast<double>(norm.shift[c]);
            weight *= norm.scale[c];
        }
        conv.bias[static_cast<std::size_t>(o)] += static_cast<float>(shift);
    }
    return conv;
}

ConvNumbers fold_after(ConvNumbers conv, const Affine& norm) {
    const std::int64_t each = conv.in * conv.kernel * conv.kernel;
    for (std::int64_t o = 0; o < conv.out; ++o) {
        const auto c = static_cast<std::size_t>(o);
        for (std::int64_t i = 0; i < each; ++i)
            conv.weights[static_cast<std::size_t>(o * each + i)] *= norm.scale[c];
        conv.bias[c] = conv.bias[c] * norm.scale[c] + norm.shift[c];
    }
    return conv;
}

LinearNumbers fold_after(LinearNumbers linear, const Affine& norm, std::span<const float> more) {
    const auto inputs = static_cast<std::size_t>(linear.in);
    for (std::size_t o = 0; o < linear.bias.size(); ++o) {
        const auto scale = static_cast<double>(norm.scale[o]);
        for (std::size_t i = 0; i < inputs; ++i) {
            float& weight = linear.weights[o * inputs + i];
            weight = static_cast<float>(scale * static_cast<double>(weight));
        }
        const double bias = static_cast<double>(linear.bias[o]) +
                            (more.empty() ? 0.0 : static_cast<double>(more[o]));
        linear.bias[o] = static_cast<float>(scale * bias + static_cast<double>(norm.shift[o]));
    }
    return linear;
}

}  // namespace cytofleet
