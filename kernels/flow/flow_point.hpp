// The arithmetic of one step of one point, once, for both twins (cellpose3.md 5.2, 5.3, 5.3b).
// Roundings are those of Cellpose: compile without contraction.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/flow/step_field.hpp"
#include "kernels/support/exec.hpp"

namespace cytofleet {

/// Pixels; between start_of and end_of of Stepping::cuda -1 to 1 over the frame.
struct Point {
    float y = 0;
    float x = 0;
    bool operator==(const Point&) const = default;
};

/// The point of pixel number `index`, in raster order.
CYTOFLEET_HD inline Point pixel_at(std::uint32_t index, std::uint32_t width) {
    const std::uint32_t row = index / width;
    return {static_cast<float>(row), static_cast<float>(index % width)};
}

/// Clamps as numpy and torch do: NaN stays NaN.
CYTOFLEET_HD inline float clamp_keep_nan(float value, float low, float high) {
    const float raised = value < low ? low : value;
    return raised > high ? high : raised;
}

/// The cell of a coordinate, 0 where it is NaN or outside: what is then read does not matter, NaN
/// wins.
CYTOFLEET_HD inline std::int64_t cell_of(float value, std::int64_t low, std::int64_t high) {
    if (!(value > static_cast<float>(low))) return low;
    return value >= static_cast<float>(high) ? high : static_cast<std::int64_t>(value);
}

CYTOFLEET_HD inline float blend_cpu(float f00, float f01, float f10, float f11, float dy,
                                    float dx) {
    const double u = 1.0 - static_cast<double>(dy);
    const double w = 1.0 - static_cast<double>(dx);
    const double upper =
        static_cast<double>(f00) * u * w + static_cast<double>(f01) * u * static_cast<double>(dx);
    // These two products stay in float: Cellpose's compiler (numba) types them so.
    const float left = f10 * dy;
    const float right = f11 * dy * dx;
    return static_cast<float>(upper + static_cast<double>(left) * w + static_cast<double>(right));
}

/// One step as Cellpose on its CPU device.
CYTOFLEET_HD inline Point step_cpu_variant(const StepFieldView& flow, Point p) {
    const std::int64_t y = cell_of(p.y, 0, flow.height - 1);
    const std::int64_t x = cell_of(p.x, 0, flow.width - 1);
    const float dy = p.y - static_cast<float>(y);
    const float dx = p.x - static_cast<float>(x);
    const float* upper = flow.values + (y + 1) * flow.row() + 2 * (x + 1);
    const float* lower = upper + flow.row();
    const float step_y = blend_cpu(upper[0], upper[2], lower[0], lower[2], dy, dx);
    const float step_x = blend_cpu(upper[1], upper[3], lower[1], lower[3], dy, dx);
    return {clamp_keep_nan(p.y + step_y, 0.0F, static_cast<float>(flow.height - 1)),
            clamp_keep_nan(p.x + step_x, 0.0F, static_cast<float>(flow.width - 1))};
}

/// One step as Cellpose on its CUDA device. The field is already scaled by 2/(L-1).
CYTOFLEET_HD inline Point step_cuda_variant(const StepFieldView& flow, Point p) {
    const float iy = ((p.y + 1.0F) * static_cast<float>(flow.height) - 1.0F) / 2.0F;
    const float ix = ((p.x + 1.0F) * static_cast<float>(flow.width) - 1.0F) / 2.0F;
    const float y0 = std::floor(iy);
    const float x0 = std::floor(ix);
    const float* upper = flow.values + (cell_of(y0, -1, flow.height - 1) + 1) * flow.row() +
                         2 * (cell_of(x0, -1, flow.width - 1) + 1);
    const float* lower = upper + flow.row();
    const float north = y0 + 1.0F - iy;
    const float south = iy - y0;
    const float west = x0 + 1.0F - ix;
    const float east = ix - x0;
    const float nw = west * north;
    const float ne = east * north;
    const float sw = west * south;
    const float se = east * south;
    const float step_y = upper[0] * nw + upper[2] * ne + lower[0] * sw + lower[2] * se;
    const float step_x = upper[1] * nw + upper[3] * ne + lower[1] * sw + lower[3] * se;
    return {clamp_keep_nan(p.y + step_y, -1.0F, 1.0F), clamp_keep_nan(p.x + step_x, -1.0F, 1.0F)};
}

/// One step without interpolation: the flow of the pixel the point stands on. A NaN flow leads to
/// 0, as Python's max(0, NaN) does.
CYTOFLEET_HD inline Point step_nearest(const StepFieldView& flow, Point p) {
    const std::int64_t y = cell_of(p.y, 0, flow.height - 1);
    const std::int64_t x = cell_of(p.x, 0, flow.width - 1);
    const float* step = flow.values + (y + 1) * flow.row() + 2 * (x + 1);
    const float to_y = p.y + step[0];
    const float to_x = p.x + step[1];
    return {clamp_keep_nan(to_y > 0.0F ? to_y : 0.0F, 0.0F, static_cast<float>(flow.height - 1)),
            clamp_keep_nan(to_x > 0.0F ? to_x : 0.0F, 0.0F, static_cast<float>(flow.width - 1))};
}

/// Pixel to normalised coordinate along an axis of `length` pixels. Python divides by zero for a
/// single pixel; here such a point rests in the middle of it.
CYTOFLEET_HD inline float start_cuda(float pixel, std::int64_t length) {
    if (length == 1) return 0.0F;
    return pixel / static_cast<float>(length - 1) * 2.0F - 1.0F;
}

/// And back.
CYTOFLEET_HD inline float end_cuda(float normalised, std::int64_t length) {
    return (normalised + 1.0F) * 0.5F * static_cast<float>(length - 1);
}

/// Where a point starts that belongs to pixel (y, x).
CYTOFLEET_HD inline Point start_of(Stepping stepping, const StepFieldView& flow, Point pixel) {
    if (stepping != Stepping::cuda) return pixel;
    return {start_cuda(pixel.y, flow.height), start_cuda(pixel.x, flow.width)};
}

/// Where a point has ended, in pixels.
CYTOFLEET_HD inline Point end_of(Stepping stepping, const StepFieldView& flow, Point p) {
    if (stepping != Stepping::cuda) return p;
    return {end_cuda(p.y, flow.height), end_cuda(p.x, flow.width)};
}

CYTOFLEET_HD inline Point step_of(Stepping stepping, const StepFieldView& flow, Point p) {
    switch (stepping) {
        case Stepping::cpu:
            return step_cpu_variant(flow, p);
        case Stepping::cuda:
            return step_cuda_variant(flow, p);
        case Stepping::nearest:
            return step_nearest(flow, p);
    }
    return p;
}

}  // namespace cytofleet
