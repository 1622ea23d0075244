// Flows prepared for following: scaled, background zeroed, dy and dx side by side
// (cellpose3.md 5.1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/support/exec.hpp"

namespace cytofleet {

/// How a point reads the flows: Cellpose's CPU code, its CUDA code, or the pixel it stands on.
enum class Stepping { cpu, cuda, nearest };

/// What a step of one point needs of a StepField.
struct StepFieldView {
    const float* values = nullptr;  ///< (height + 2, width + 2, 2): dy, dx
    std::int64_t height = 0;        ///< of the frame, without the border
    std::int64_t width = 0;
    /// Floats per row of `values`.
    CYTOFLEET_HD std::int64_t row() const { return 2 * (width + 2); }
};

/// 2/(L-1) as Cellpose computes it for an axis. A frame of one pixel along an axis has no direction
/// there.
inline float axis_scale(std::int64_t length, Stepping stepping) {
    if (stepping != Stepping::cuda) return 1.0F;
    return length > 1 ? static_cast<float>(2.0 / static_cast<double>(length - 1)) : 0.0F;
}

/// The flows of a frame with a border of one pixel: zeros for Stepping::cuda (which reads zero
/// outside), else copies of the edge (which is where the CPU code's clamped neighbours lie).
class StepField {
  public:
    /// `flows`: (2, height, width), Y flow then X flow; background is where not logits > threshold.
    /// As in Python a background flow is multiplied by zero, so NaN and infinity become NaN there.
    StepField(const Exec& exec, std::span<const float> flows, std::span<const float> logits,
              std::int64_t height, std::int64_t width, float threshold, Stepping stepping);
    StepFieldView view() const { return {values_.data(), height_, width_}; }
    Stepping stepping() const { return stepping_; }

  private:
    std::int64_t height_;
    std::int64_t width_;
    Stepping stepping_;
    std::vector<float> values_;
};

}  // namespace cytofleet
