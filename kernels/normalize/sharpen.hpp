// Smoothing and surround subtraction with gaussians that wrap around (cellpose3.md 2.4).
#pragma once

#include <span>

#include "kernels/resize/resize.hpp"

namespace cytofleet::cpu {

/// In place. Radii in pixels, 0 switches that part off. Python multiplies Fourier transforms; a
/// gaussian separates, so the same circular sums are taken directly, along columns and then along
/// rows.
void sharpen(const Exec& exec, std::span<float> plane, Extent extent, double smooth_radius,
             double sharpen_radius);

}  // namespace cytofleet::cpu
