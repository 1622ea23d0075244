#include "backend/cpu/pointwise.hpp"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/pointwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
// A block is 8 or 16 floats; no vector is longer than the shorter one unless the block allows it.
using D8 = hn::CappedTag<float, 8>;
using D16 = hn::CappedTag<float, 16>;

template <class D>
void affine_row(D d, const float* in, const float* scale, const float* shift, float floor,
                std::int64_t width, std::int64_t block, std::int64_t repeat, float* out,
                float* out_below) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto low = hn::Set(d, floor);
    for (std::int64_t k = 0; k < block; k += lanes) {
        const auto s = hn::LoadU(d, scale + k);
        const auto b = hn::LoadU(d, shift + k);
        for (std::int64_t x = 0; x < width; ++x) {
            const auto v = hn::Max(hn::MulAdd(hn::LoadU(d, in + x * block + k), s, b), low);
            float* to = out + repeat * x * block + k;
            hn::StoreU(v, d, to);
            if (repeat == 1) continue;
            hn::StoreU(v, d, to + block);
            float* below = out_below + 2 * x * block + k;
            hn::StoreU(v, d, below);
            hn::StoreU(v, d, below + block);
        }
    }
}

template <class D>
void affine_all(D d, const ConstMapView& in, const float* scale, const float* shift, float floor,
                const MapView& out) {
    const std::int64_t repeat = out.height / in.height;
    const std::int64_t out_row = out.width * out.block;
    for (std::int64_t b = 0; b < in.blocks; ++b)
        for (std::int64_t y = 0; y < in.height; ++y) {
            float* to = out.data + (b * out.height + repeat * y) * out_row;
            affine_row(d, in.data + (b * in.height + y) * in.width * in.block, scale + b * in.block,
                       shift + b * in.block, floor, in.width, in.block, repeat, to, to + out_row);
        }
}

void affine_map(const ConstMapView& in, const float* scale, const float* shift, float floor,
                const MapView& out) {
    if (in.block % 16 == 0) return affine_all(D16(), in, scale, shift, floor, out);
    affine_all(D8(), in, scale, shift, floor, out);
}

template <class D>
void pool_all(D d, const ConstMapView& in, const MapView& out) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t row = in.width * in.block;
    for (std::int64_t b = 0; b < in.blocks; ++b)
        for (std::int64_t y = 0; y < out.height; ++y) {
            const float* top = in.data + (b * in.height + 2 * y) * row;
            float* to = out.data + (b * out.height + y) * out.width * out.block;
            for (std::int64_t x = 0; x < out.width; ++x)
                for (std::int64_t k = 0; k < in.block; k += lanes) {
                    const float* from = top + 2 * x * in.block + k;
                    const auto upper = hn::Max(hn::LoadU(d, from), hn::LoadU(d, from + in.block));
                    const auto lower =
                        hn::Max(hn::LoadU(d, from + row), hn::LoadU(d, from + row + in.block));
                    hn::StoreU(hn::Max(upper, lower), d, to + x * in.block + k);
                }
        }
}

void pool(const ConstMapView& in, const MapView& out) {
    if (in.block % 16 == 0) return pool_all(D16(), in, out);
    pool_all(D8(), in, out);
}

/// One output plane at a time would read the map again; all of them at once keep their sums in
/// registers.
template <class D>
void project_all(D d, const ConstMapView& in, const float* scale, const float* shift,
                 const float* weights, const float* bias, std::int64_t outputs, float* planes) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t pixels = in.height * in.width;
    const std::int64_t channels = in.blocks * in.block;
    const auto zero = hn::Zero(d);
    for (std::int64_t o = 0; o < outputs; ++o)
        for (std::int64_t p = 0; p < pixels; ++p) {
            auto sum = zero;
            for (std::int64_t b = 0; b < in.blocks; ++b)
                for (std::int64_t k = 0; k < in.block; k += lanes) {
                    const std::int64_t c = b * in.block + k;
                    const auto v =
                        hn::Max(hn::MulAdd(hn::LoadU(d, in.data + (b * pixels + p) * in.block + k),
                                           hn::LoadU(d, scale + c), hn::LoadU(d, shift + c)),
                                zero);
                    sum = hn::MulAdd(v, hn::LoadU(d, weights + o * channels + c), sum);
                }
            planes[o * pixels + p] = hn::GetLane(hn::SumOfLanes(d, sum)) + bias[o];
        }
}

void project_map(const ConstMapView& in, const float* scale, const float* shift,
                 const float* weights, const float* bias, std::int64_t outputs, float* planes) {
    if (in.block % 16 == 0)
        return project_all(D16(), in, scale, shift, weights, bias, outputs, planes);
    project_all(D8(), in, scale, shift, weights, bias, outputs, planes);
}

}  // namespace cytofleet::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <limits>

namespace cytofleet::cpu {

HWY_EXPORT(affine_map);
HWY_EXPORT(pool);
HWY_EXPORT(project_map);

void affine(const ConstMapView& in, std::span<const float> scale, std::span<const float> shift,
            bool relu, const MapView& out) {
    const float floor = relu ? 0.0F : -std::numeric_limits<float>::infinity();
    HWY_DYNAMIC_DISPATCH(affine_map)(in, scale.data(), shift.data(), floor, out);
}

void affine_planes(const ConstMapView& in, std::span<const float> scale,
                   std::span<const float> shift, bool relu, const MapView& out) {
    const float floor = relu ? 0.0F : -std::numeric_limits<float>::infinity();
    const std::int64_t pixels = in.height * in.width;
    for (std::int64_t c = 0; c < in.blocks; ++c) {
        const float gain = scale[static_cast<std::size_t>(c)];
        const float offset = shift[static_cast<std::size_t>(c)];
        const float* from = in.data + c * pixels;
        float* to = out.data + c * pixels;
        for (std::int64_t p = 0; p < pixels; ++p) to[p] = std::max(from[p] * gain + offset, floor);
    }
}

void copy(const ConstMapView& in, const MapView& out) {
    const auto channels = static_cast<std::size_t>(in.blocks * in.block);
    const std::vector<float> one(channels, 1.0F);
    const std::vector<float> zero(channels, 0.0F);
    affine(in, one, zero, false, out);
}

void max_pool(const ConstMapView& in, const MapView& out) {
    HWY_DYNAMIC_DISPATCH(pool)(in, out);
}

void mean(const ConstMapView& in, std::span<float> out) {
    const std::int64_t pixels = in.height * in.width;
    for (std::int64_t b = 0; b < in.blocks; ++b)
        for (std::int64_t k = 0; k < in.block; ++k) {
            double sum = 0;
            for (std::int64_t p = 0; p < pixels; ++p)
                sum += static_cast<double>(in.data[(b * pixels + p) * in.block + k]);
            out[static_cast<std::size_t>(b * in.block + k)] =
                static_cast<float>(sum / static_cast<double>(pixels));
        }
}

void project(const ConstMapView& in, std::span<const float> scale, std::span<const float> shift,
             std::span<const float> weights, std::span<const float> bias, std::span<float> planes) {
    HWY_DYNAMIC_DISPATCH(project_map)
    (in, scale.data(), shift.data(), weights.data(), bias.data(),
     static_cast<std::int64_t>(bias.size()), planes.data());
}

}  // namespace cytofleet::cpu
#endif
