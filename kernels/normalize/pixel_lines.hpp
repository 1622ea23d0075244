// Passes over all pixels of a plane, vectorised for the CPU they run on. The same bits on every
// CPU.
#pragma once

#include <span>

#include "kernels/support/exec.hpp"

namespace cytofleet::cpu {

/// Smallest and largest value; meaningless when there is a NaN.
struct Range {
    float low = 0;
    float high = 0;
    bool any_nan = false;
};

/// `values` has at least one element.
Range value_range(const Exec& exec, std::span<const float> values);

/// (x - low) / span, each rounded.
void scale(const Exec& exec, std::span<float> values, float low, float span);

/// (x - low) / span, each computed in fp64 and rounded to fp32.
void scale_wide(const Exec& exec, std::span<float> values, double low, double span);

/// (x - low[i]) / (high[i] - low[i]), each rounded.
void scale_each(const Exec& exec, std::span<float> values, std::span<const float> low,
                std::span<const float> high);

/// 1 - x.
void one_minus(const Exec& exec, std::span<float> values);

void fill(const Exec& exec, std::span<float> values, float value);

}  // namespace cytofleet::cpu
