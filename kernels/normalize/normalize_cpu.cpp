#include "kernels/normalize/normalize_cpu.hpp"

#include "kernels/normalize/frame_scale.hpp"
#include "kernels/normalize/percentile.hpp"
#include "kernels/normalize/pixel_lines.hpp"
#include "kernels/normalize/sharpen.hpp"
#include "kernels/normalize/tile_norm.hpp"

namespace cytofleet::cpu {
namespace {

/// False when the plane was left as it is: one value everywhere, or a NaN somewhere.
bool scale_by_percentiles(const Exec& exec, std::span<float> plane, Extent extent,
                          std::array<double, 2> percent) {
    const Range range = value_range(exec, plane);
    if (range.any_nan || !has_range(range.low, range.high)) return false;
    const auto [low, high] = frame_percentiles(exec, plane, extent, percent);
    const FrameScale how = scale_between(low, high);
    if (how.scaling == Scaling::percentiles) {
        scale(exec, plane, how.low, how.span);
    } else {
        fill(exec, plane, 0.0F);
    }
    return true;
}

}  // namespace

void normalize(const Exec& exec, std::span<float> image, std::int64_t channels, Extent extent,
               const NormalizeOptions& options) {
    const auto pixels = static_cast<std::size_t>(extent.pixels());
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        const std::span<float> plane = image.subspan(c * pixels, pixels);
        bool invert = options.invert;
        if (options.lowhigh) {
            const auto [low, high] = (*options.lowhigh)[c];
            scale_wide(exec, plane, low, high - low);
        } else {
            if (options.sharpen_radius > 0 || options.smooth_radius > 0)
                sharpen(exec, plane, extent, options.smooth_radius, options.sharpen_radius);
            if (options.tile_norm_blocksize > 0) {
                tile_norm(exec, plane, extent, options.tile_norm_blocksize, options.percentile);
                invert = false;  // as Python: asked for or not
            } else {
                invert = scale_by_percentiles(exec, plane, extent, options.percentile) && invert;
            }
        }
        if (invert) one_minus(exec, plane);
    }
}

}  // namespace cytofleet::cpu
