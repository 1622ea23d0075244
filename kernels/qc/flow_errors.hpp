// How far the flows of the network are from those of the labels found (cellpose3.md 5.5).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/labels/measure.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// Mean squared error of label k at [k - 1], NaN for absent labels. `flows`: (2, height, width), Y
/// flow then X flow, as the network gives them (about 5 long). `boxes` = measure_labels(labels).
/// `cuda` repeats that device's diffusion: all labels take the number of steps of the largest box,
/// the gradient reads touching labels, and frames above 4e7 pixels are done in single precision.
std::vector<double> flow_errors(const Exec& exec, std::span<const std::uint32_t> labels,
                                std::int64_t height, std::int64_t width,
                                std::span<const LabelBox> boxes, std::span<const float> flows,
                                Variant variant);

}  // namespace cytofleet
