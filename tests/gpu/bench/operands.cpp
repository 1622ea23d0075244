#include "gpu/bench/operands.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/half.hpp"
#include "gpu/bench/patterns.hpp"

namespace cytofleet::bench {
namespace {

using cuda::ConvShape;
using cuda::Element;
using cuda::PerChannel;

std::size_t bytes(const ConvShape& shape, std::int64_t numbers) {
    return static_cast<std::size_t>(numbers * bytes_of(element_of(shape.precision)));
}

std::size_t float_bytes(const ConvShape& shape) {
    return static_cast<std::size_t>(shape.n * shape.out) * sizeof(float);
}

std::vector<float> scaled(std::vector<float> numbers, double factor) {
    for (float& number : numbers) number *= static_cast<float>(factor);
    return numbers;
}

const float* floats(const cuda::DeviceArray<std::byte>& from) {
    return reinterpret_cast<const float*>(from.data());
}

}  // namespace

OperandNumbers::OperandNumbers()
    : activations(bench::activations(11)),
      normal(normal_numbers(12)),
      scales(normal_numbers(13, 0.1, 1)) {}

Operands::Operands(cuda::Stream stream, const ConvShape& shape, const OperandNumbers& numbers)
    : size_{shape.n, shape.height, shape.width, shape.out, element_of(shape.precision)},
      x_(bytes(shape, shape.n * shape.height * shape.width * shape.in)),
      weights_(bytes(shape, shape.out * shape.in * shape.kernel * shape.kernel)),
      y_(static_cast<std::size_t>(size_.bytes())),
      add_(y_.size()),
      copy_(y_.size()),
      bias_(float_bytes(shape)),
      scale_(float_bytes(shape)),
      shift_(float_bytes(shape)) {
    const auto fan_in = static_cast<double>(shape.in * shape.kernel * shape.kernel);
    fill_with(stream, x_, size_.element, numbers.activations);
    fill_with(stream, weights_, size_.element, scaled(numbers.normal, 1 / std::sqrt(fan_in)));
    fill_with(stream, add_, size_.element, numbers.normal);
    const std::vector<float> small = scaled(numbers.normal, 0.1);
    fill_with(stream, bias_, Element::f32, small);
    fill_with(stream, scale_, Element::f32, numbers.scales);
    fill_with(stream, shift_, Element::f32, small);
}

cuda::ConvData Operands::data() {
    return {x_.data(),      weights_.data(), y_.data(),      floats(bias_), add_.data(),
            floats(scale_), floats(scale_),  floats(shift_), copy_.data()};
}

cuda::Finish Operands::finish(const cuda::ConvFusion& form) {
    const auto values = [&](const cuda::DeviceArray<std::byte>& from,
                            PerChannel kind) -> cuda::ChannelValues {
        if (kind == PerChannel::none) return {};
        return {floats(from), kind == PerChannel::per_tile ? size_.channels : 0};
    };
    cuda::Finish out;
    out.bias = values(bias_, form.bias);
    if (form.add) out.add = add_.data();
    if (form.add_scale) out.add_scale = values(scale_, PerChannel::shared);
    out.relu = form.relu;
    if (form.copy_shift != PerChannel::none)
        out.copy = {values(scale_, PerChannel::shared), values(shift_, form.copy_shift),
                    copy_.data()};
    return out;
}

std::vector<float> Operands::sample(cuda::Stream stream) const {
    const std::size_t each = size_.element == Element::f16 ? 2 : 4;
    const std::size_t part = std::min<std::size_t>(y_.size() / each, std::size_t{1} << 18) * each;
    std::vector<std::byte> there(2 * part);
    cuda::copy_down(stream, there.data(), y_.data(), part);
    cuda::copy_down(stream, there.data() + part, y_.data() + y_.size() - part, part);
    cuda::synchronize(stream);
    std::vector<float> out(there.size() / each);
    if (each == 4) std::memcpy(out.data(), there.data(), there.size());
    for (std::size_t i = 0; each == 2 && i < out.size(); ++i) {
        std::uint16_t half = 0;
        std::memcpy(&half, there.data() + 2 * i, 2);
        out[i] = from_half(half);
    }
    return out;
}

double difference(const std::vector<float>& got, const std::vector<float>& wanted) {
    double worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const double off =
            std::abs(static_cast<double>(got.at(i)) - static_cast<double>(wanted[i]));
        if (!(off <= worst)) worst = off;
        if (std::isnan(worst)) break;
        largest = std::max(largest, std::abs(static_cast<double>(wanted[i])));
    }
    return worst / largest;
}

}  // namespace cytofleet::bench
