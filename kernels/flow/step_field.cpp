#include "kernels/flow/step_field.hpp"

#include <algorithm>

#include "kernels/support/parallel.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {
namespace {

void copy_pixel(float* to, const float* from) {
    to[0] = from[0];
    to[1] = from[1];
}

}  // namespace

StepField::StepField(const Exec& exec, std::span<const float> flows, std::span<const float> logits,
                     std::int64_t height, std::int64_t width, float threshold, Stepping stepping)
    : height_(height), width_(width), stepping_(stepping) {
    const std::int64_t pixels = height * width;
    require(height > 0 && width > 0, "a frame has pixels");
    require(std::ssize(flows) == 2 * pixels && std::ssize(logits) == pixels,
            "flows and logits have the frame's size");
    const std::int64_t row = 2 * (width + 2);
    values_.resize(static_cast<std::size_t>((height + 2) * row));
    const float scale_y = axis_scale(height, stepping);
    const float scale_x = axis_scale(width, stepping);
    parallel_even(exec, height, [&](std::int64_t y) {
        const float* in_y = flows.data() + y * width;
        const float* in_x = in_y + pixels;
        const float* logit = logits.data() + y * width;
        float* out = values_.data() + (y + 1) * row + 2;
        for (std::int64_t x = 0; x < width; ++x) {
            const float inside = logit[x] > threshold ? 1.0F : 0.0F;
            out[2 * x] = in_y[x] * inside / 5.0F * scale_y;
            out[2 * x + 1] = in_x[x] * inside / 5.0F * scale_x;
        }
        if (stepping != Stepping::cuda) {
            copy_pixel(out - 2, out);
            copy_pixel(out + 2 * width, out + 2 * (width - 1));
        }
    });
    if (stepping == Stepping::cuda) return;
    std::copy_n(values_.data() + row, row, values_.data());
    std::copy_n(values_.data() + height * row, row, values_.data() + (height + 1) * row);
}

}  // namespace cytofleet
