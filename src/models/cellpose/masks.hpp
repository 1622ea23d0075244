// From flows and cell probability to labels: section 5 of cellpose3.md in its order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/image.hpp"
#include "kernels/flow/step_field.hpp"
#include "kernels/resize/resize.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

struct MaskOptions {
    float cellprob_threshold = 0.0F;
    double flow_threshold = 0.4;  ///< 0 or less, or NaN: no flow QC
    std::int64_t niter = 200;
    bool interpolate = true;
    std::int64_t min_size = 15;  ///< pixels; 0 or less: no removal
    double max_size_fraction = 0.4;
    Variant variant = Variant::cpu;
};

/// How the points of `options` read the flows.
Stepping stepping_of(const MaskOptions& options);
/// Throws Error{input} for frames that cannot be segmented, Error{usage} for steps that cannot be
/// counted.
void check_mask_sizes(Extent grid, Extent frame, const MaskOptions& options);

/// Why a frame fails whose flows are NaN under foreground.
inline constexpr const char* flows_are_no_numbers =
    "the flows are not numbers under the cells, so no cell can be outlined; look for damaged "
    "pixels in the frame and for NaN in the model";

/// Every intermediate a golden test compares; filled only when asked for.
struct MaskTrace {
    std::vector<float> points;           ///< (2, N) end points, y then x, raster order
    std::vector<std::uint32_t> seeded;   ///< labels before QC
    std::vector<double> flow_errors;     ///< per label 1..n, NaN for absent ones
    std::vector<std::uint32_t> checked;  ///< labels after QC
};

/// `flows`: (3, H, W): Y flow, X flow, logit on the grid of the dynamics. The result has the size
/// `frame` (nearest resizing when they differ, as Cellpose without resample).
/// Throws Error{input} for NaN flows under foreground.
LabelImage compute_masks(const Exec& exec, std::span<const float> flows, Extent grid, Extent frame,
                         const MaskOptions& options, MaskTrace* trace = nullptr);

}  // namespace cytofleet
