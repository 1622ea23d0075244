// Everything a network does pixel by pixel, on blocked feature maps, vectorised for the instruction
// set at hand.
#pragma once

#include <cstdint>
#include <span>

namespace cytofleet::cpu {

/// A feature map: (blocks, height, width, block); block is 8 or 16.
struct MapView {
    float* data = nullptr;
    std::int64_t blocks = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t block = 0;
};
struct ConstMapView {
    const float* data = nullptr;
    std::int64_t blocks = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t block = 0;
};

/// out = scale * in + shift, at least 0 with `relu`. `scale`, `shift`: (blocks * block), zero where
/// channels are padding. `out` has the size of `in`, or twice its height and width (nearest
/// upsampling).
void affine(const ConstMapView& in, std::span<const float> scale, std::span<const float> shift,
            bool relu, const MapView& out);
/// The same for planar maps (block 1) of one size.
void affine_planes(const ConstMapView& in, std::span<const float> scale,
                   std::span<const float> shift, bool relu, const MapView& out);
/// out = in, with the same choice of sizes.
void copy(const ConstMapView& in, const MapView& out);
/// 2 x 2 maximum, stride 2.
void max_pool(const ConstMapView& in, const MapView& out);
/// Mean over pixels, (blocks * block); sums in double.
void mean(const ConstMapView& in, std::span<float> out);
/// planes[o] = bias[o] + sum_c weights[o][c] * max(0, scale[c] * in[c] + shift[c]). `weights`:
/// (outputs, blocks * block).
void project(const ConstMapView& in, std::span<const float> scale, std::span<const float> shift,
             std::span<const float> weights, std::span<const float> bias, std::span<float> planes);

}  // namespace cytofleet::cpu
