// Following the flows on a device: from the network's output to the bin where each pixel's point
// ends.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/flow/step_field.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Stands for "no bin" at background pixels.
inline constexpr std::uint32_t no_bin = std::numeric_limits<std::uint32_t>::max();

/// What StepField holds, made in device memory. `flows`: (2, height, width), `logits`: (height,
/// width); `values`: (height + 2, width + 2, 2).
void make_step_field(Stream stream, const float* flows, const float* logits, std::int64_t height,
                     std::int64_t width, float threshold, Stepping stepping, float* values);

/// The twin of cpu::follow_flow and count_ends together: follows the point of every pixel with
/// logit > threshold for `steps` steps; `bins` (height, width) gets the index of the bin where it
/// ends, no_bin elsewhere; `counts` (height + 40, width + 40), zero before, the number of points
/// per bin. Bit for bit as the CPU twin, whatever the order of threads. `flow.values` and all
/// arrays are in device memory.
void follow_flow(Stream stream, const StepFieldView& flow, Stepping stepping, const float* logits,
                 float threshold, std::int64_t steps, std::uint32_t* bins, std::uint32_t* counts);

}  // namespace cytofleet::cuda
