#include "backend/cuda/conv_shape.hpp"

#include <fmt/format.h>

namespace cytofleet::cuda {
namespace {

TensorLayout channels_last(std::int64_t n, std::int64_t channels, std::int64_t height,
                           std::int64_t width) {
    return {{n, channels, height, width},
            {height * width * channels, 1, width * channels, channels}};
}

}  // namespace

std::string ConvShape::text() const {
    constexpr const char* names[] = {"fp32", "tf32", "fp16"};
    return fmt::format("n {}, {} to {} channels, {} x {}, {} x {}, {}", n, in, out, height, width,
                       kernel, kernel, names[static_cast<int>(precision)]);
}

TensorLayout input_layout(const ConvShape& shape) {
    return channels_last(shape.n, shape.in, shape.height, shape.width);
}
TensorLayout weights_layout(const ConvShape& shape) {
    return channels_last(shape.out, shape.in, shape.kernel, shape.kernel);
}
TensorLayout output_layout(const ConvShape& shape) {
    return channels_last(shape.n, shape.out, shape.height, shape.width);
}

bool acceptable(const EngineNotes& notes, Precision precision) {
    if (notes.nondeterministic || notes.fft || notes.winograd_of_large_tiles) return false;
    switch (precision) {
        case Precision::fp32:
            return !notes.tensor_core && !notes.rounds_inputs && !notes.rounds_partial_sums;
        case Precision::tf32:
            return !notes.rounds_partial_sums;
        case Precision::fp16:
            return !notes.rounds_partial_sums && !notes.rounds_inputs;
    }
    return false;
}

}  // namespace cytofleet::cuda
