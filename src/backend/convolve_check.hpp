// What the operands of an operation must be to each other, whatever the backend.
#pragma once

#include <cstdint>

#include "backend/nn_ops.hpp"

namespace cytofleet {

/// A convolution without its numbers.
struct ConvKind {
    std::int64_t in = 0;
    std::int64_t out = 0;
    Sampling sampling = Sampling::same;
};

/// n * channels * height * width.
std::int64_t size(const Features& features);

/// Throws InternalError where an activation's values are not per channel of the maps.
void check_activation(const Activation& activation, const Features& maps);
/// Throws InternalError where NnOps::convolve is asked for what does not fit together.
void check_convolve(const ConvKind& kind, const Features& in, const Activation& activation,
                    const Features& out, const Epilogue& epilogue);

}  // namespace cytofleet
