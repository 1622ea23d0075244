// Follows the flows: every foreground pixel walks to the middle of its cell
// (cellpose3.md 5.2, 5.3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/flow/flow_point.hpp"
#include "kernels/flow/step_field.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// Indices (y * width + x) of all pixels with logit > threshold, in squares of 64 by 64 pixels, so
/// that neighbours in the list are neighbours in the frame and share cache lines. The frame has
/// fewer than 2^31 pixels.
std::vector<std::uint32_t> foreground_pixels(const Exec& exec, std::span<const float> logits,
                                             std::int64_t height, std::int64_t width,
                                             float threshold);

/// ends[i] = where the point that starts at pixels[i] is after `steps` (0 to 2^30) steps, in
/// pixels.
void follow_flow(const Exec& exec, const StepField& field, std::span<const std::uint32_t> pixels,
                 std::int64_t steps, std::span<Point> ends);

namespace cpu {

/// The twin of this processor: many points at once, bit for bit as step_of() one by one. A point
/// that has come back to where it was is on a cycle and is not followed further.
void follow_flow(const Exec& exec, const StepField& field, std::span<const std::uint32_t> pixels,
                 std::int64_t steps, std::span<Point> ends);

}  // namespace cpu
}  // namespace cytofleet
