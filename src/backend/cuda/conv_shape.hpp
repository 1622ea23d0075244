// A convolution as cuDNN is asked for it, as plain data.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "backend/cuda/precision.hpp"

namespace cytofleet::cuda {

/// Stride 1, zero padding of half the kernel; channels as they are in memory.
struct ConvShape {
    std::int64_t n = 0;
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t kernel = 1;
    Precision precision = Precision::fp32;
    auto operator<=>(const ConvShape&) const = default;
    std::string text() const;  ///< "n 8, 32 to 64 channels, 224 x 224, 3 x 3, fp16"
};

/// Sizes and strides in elements in cuDNN's order: n, channels, height, width (weights: out, in,
/// kernel, kernel), channels innermost in memory.
struct TensorLayout {
    std::array<std::int64_t, 4> sizes{};
    std::array<std::int64_t, 4> strides{};
};
TensorLayout input_layout(const ConvShape& shape);
TensorLayout weights_layout(const ConvShape& shape);
TensorLayout output_layout(const ConvShape& shape);

/// What cuDNN says of a way to compute a convolution.
struct EngineNotes {
    bool nondeterministic = false;
    bool tensor_core = false;
    bool rounds_inputs = false;  ///< to a narrower type
    bool rounds_partial_sums = false;
    bool winograd_of_large_tiles = false;
    bool fft = false;
};
/// Whether results are the same every time and as precise as asked for.
bool acceptable(const EngineNotes& notes, Precision precision);

/// The batch for which the way to compute a convolution is chosen, so that a tile's result does not
/// depend on how many tiles it comes with.
inline constexpr std::int64_t reference_batch = 16;

}  // namespace cytofleet::cuda
