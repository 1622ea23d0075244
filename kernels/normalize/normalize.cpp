#include "kernels/normalize/normalize.hpp"

#include "kernels/normalize/normalize_cpu.hpp"
#include "kernels/support/require.hpp"

namespace cytofleet {

void normalize(const Exec& exec, std::span<float> image, std::int64_t channels, std::int64_t height,
               std::int64_t width, const NormalizeOptions& options) {
    const auto [low, high] = options.percentile;
    require(exec.threads >= 1, "normalize: at least one thread");
    require(channels == 1 || channels == 2, "normalize: one or two channels");
    require(height > 0 && width > 0, "normalize: an empty image");
    require(static_cast<std::int64_t>(image.size()) == channels * height * width,
            "normalize: image and extent disagree");
    require(0 <= low && low < high && high <= 100, "normalize: percentages out of order");
    require(options.sharpen_radius >= 0 && options.smooth_radius >= 0,
            "normalize: a negative radius");
    require(options.tile_norm_blocksize >= 0, "normalize: a negative block size");
    if (options.normalize) cpu::normalize(exec, image, channels, {height, width}, options);
}

}  // namespace cytofleet
