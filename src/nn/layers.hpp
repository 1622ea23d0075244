// Layers of a checkpoint as plain numbers, batch norms folded where that is exact.
#pragma once

#include <cstdint>
#include <span>

#include "backend/nn_ops.hpp"
#include "weights/weights.hpp"

namespace cytofleet {

/// A batch norm in evaluation mode as scale and shift: scale = weight / sqrt(running_var + 1e-5),
/// shift = bias - running_mean * scale; computed in double.
Affine read_batch_norm(const Weights& weights, std::int64_t channels);

/// `weight` (out, in, kernel, kernel) and `bias` (out).
ConvNumbers read_convolution(const Weights& weights, std::int64_t in, std::int64_t out,
                             std::int64_t kernel);

/// `weight` (out, in) and `bias` (out).
LinearNumbers read_linear(const Weights& weights, std::int64_t in, std::int64_t out);

/// The batch norm before a 1 x 1 convolution goes into it entirely (no padding, no ReLU between).
ConvNumbers fold_before(const Affine& norm, ConvNumbers conv);
/// The batch norm after a convolution goes into its numbers.
ConvNumbers fold_after(ConvNumbers conv, const Affine& norm);
/// The batch norm of a sum, linear(x) + `more`, goes into the linear layer; in double. `more`:
/// (out), or empty for zeros.
LinearNumbers fold_after(LinearNumbers linear, const Affine& norm,
                         std::span<const float> more = {});

}  // namespace cytofleet
