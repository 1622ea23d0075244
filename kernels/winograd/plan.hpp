// How a Winograd convolution is cut up, for its weights, its scratch memory and its loops alike.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cytofleet::cpu {

/// F(4, 3) interpolates at 0, +-near, +-far and infinity. These two, found by trial, round two to
/// three times less than the usual 1 and 2; every number they lead to is exact in float32.
inline constexpr double winograd_near = 0.625;
inline constexpr double winograd_far = 1.5;

/// Blocks of output channels computed together, so that sums and weights fill the vector registers.
inline std::int64_t winograd_panel(std::int64_t out_blocks, std::int64_t block) {
    if (block == 16 && out_blocks % 4 == 0) return 4;
    return out_blocks % 2 == 0 ? 2 : 1;
}

/// Sizes of one convolution. A patch is 4 x 4 outputs; some patches at a time go through transform,
/// products and back, so that what lies between stays in the second-level cache.
struct WinogradPlan {
    std::int64_t rows;        ///< of patches
    std::int64_t columns;     ///< of patches
    std::int64_t inputs;      ///< transformed values of a patch and channel
    std::int64_t products;    ///< sums of a patch and channel
    std::int64_t group;       ///< patches at a time
    std::int64_t in_stride;   ///< floats between transformed inputs of neighbouring index
    std::int64_t out_stride;  ///< floats between sums of neighbouring index

    WinogradPlan(std::int64_t in_blocks, std::int64_t out_blocks, std::int64_t block,
                 bool upsampled, std::int64_t height, std::int64_t width)
        : rows((height + 3) / 4),
          columns((width + 3) / 4),
          inputs(upsampled ? 16 : 36),
          products(upsampled ? 25 : 36),
          group(std::min(rows * columns,
                         patches_in_cache((inputs * in_blocks + products * out_blocks) * block))),
          // One more vector, or the many streams of a power of two apart would share a cache set.
          in_stride((in_blocks * group + 1) * block),
          out_stride((out_blocks * group + 1) * block) {}
    /// `each`: floats of one patch.
    static std::int64_t patches_in_cache(std::int64_t each) {
        constexpr std::int64_t cache = 160 * 1024;  // floats
        constexpr std::int64_t step = 42;           // rows of a product that suit every kernel
        return std::clamp(cache / each / step * step, step, 4 * step);
    }
    std::int64_t scratch() const { return inputs * in_stride + products * out_stride; }
};

}  // namespace cytofleet::cpu
