// How far a frame is resized, in the number type Python uses for it.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/resize/resize.hpp"

namespace cytofleet {

/// diam_mean / diameter (cellpose3.md 1.2, 11.2). A value from a checkpoint is numpy's float32 and
/// makes every later operation float32; a Python number is float64. The type decides where sizes
/// are cut.
class Scale {
  public:
    /// User-trained file, or a diameter taken from the file: float32 division.
    static Scale single(float diam_mean, float diameter) { return {diam_mean / diameter, true}; }
    /// Built-in model with the user's diameter: float64.
    static Scale wide(double diam_mean, double diameter) { return {diam_mean / diameter, false}; }

    double value() const { return value_; }
    bool is_single() const { return single_; }
    /// Exactly 1: no resizing at all.
    bool identity() const { return value_ == 1.0; }
    /// Both sizes times the scale, toward zero; may be 0 for very small frames.
    Extent apply(Extent frame) const;
    /// Steps of flow following when the user gives none: (1 / scale) * 200, two operations, toward
    /// zero; 200 without resampling.
    std::int64_t default_steps(bool resample) const;

  private:
    Scale(double value, bool is_single) : value_(value), single_(is_single) {}
    double value_;
    bool single_;
};

}  // namespace cytofleet
