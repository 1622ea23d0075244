#include "kernels/winograd/winograd.hpp"

#include <algorithm>

#include "kernels/support/require.hpp"
#include "kernels/winograd/plan.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd/winograd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/winograd/product-inl.hpp"
#include "kernels/winograd/transform-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu::HWY_NAMESPACE {

constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(Block()));
using Vec = hn::Vec<Block>;
constexpr std::int64_t strip_patches = 8;  // whose columns share a vertical transform
constexpr std::int64_t side = 4;           // of a patch

/// Patches [first, first + count) of a row of patches; they are `place`, `place` + 1, ... of their
/// group.
struct Strip {
    std::int64_t row;
    std::int64_t first;
    std::int64_t count;
    std::int64_t place;
};

/// What a channel goes through before the convolution.
struct AsIs {
    HWY_INLINE Vec operator()(Vec x) const { return x; }
};
struct Activated {
    Vec scale;
    Vec shift;
    HWY_INLINE Vec operator()(Vec x) const {
        return hn::Max(hn::MulAdd(x, scale, shift), hn::Zero(Block()));
    }
};

/// `in`: (height, width, block) of one block of channels; outside are zeros, which `f` does not
/// see.
template <class Scheme, class F>
HWY_INLINE void transform_strip(const float* in, std::int64_t height, std::int64_t width,
                                const Strip& strip, const F& f, float* out, std::int64_t stride) {
    const Block d;
    constexpr std::int64_t longest = Scheme::step * (strip_patches - 1) + Scheme::in;
    HWY_ALIGN float columns[Scheme::inputs * longest * lanes];
    const std::int64_t top = Scheme::step * strip.row - 1;
    const std::int64_t left = Scheme::step * strip.first - 1;
    const std::int64_t length = Scheme::step * (strip.count - 1) + Scheme::in;
    for (std::int64_t c = 0; c < length; ++c) {
        const std::int64_t x = left + c;
        Vec t[Scheme::inputs];
        if (x < 0 || x >= width) {
            for (Vec& value : t) value = hn::Zero(d);
        } else {
            Vec values[Scheme::in];
#pragma GCC unroll 6
            for (std::int64_t i = 0; i < Scheme::in; ++i) {
                const std::int64_t y = top + i;
                values[i] = y < 0 || y >= height ? hn::Zero(d)
                                                 : f(hn::Load(d, in + (y * width + x) * lanes));
            }
            Scheme::forward(values, t);
        }
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < Scheme::inputs; ++i)
            hn::Store(t[i], d, columns + (i * longest + c) * lanes);
    }
    for (std::int64_t i = 0; i < Scheme::inputs; ++i)
        for (std::int64_t p = 0; p < strip.count; ++p) {
            const float* from = columns + (i * longest + Scheme::step * p) * lanes;
            Vec values[Scheme::in];
#pragma GCC unroll 6
            for (std::int64_t k = 0; k < Scheme::in; ++k) values[k] = hn::Load(d, from + k * lanes);
            Vec t[Scheme::inputs];
            Scheme::forward(values, t);
            float* to = out + i * Scheme::inputs * stride + (strip.place + p) * lanes;
#pragma GCC unroll 6
            for (std::int64_t k = 0; k < Scheme::inputs; ++k) hn::Store(t[k], d, to + k * stride);
        }
}

/// One patch of sums back to 4 x 4 values, (side, side, block).
template <class Scheme>
HWY_INLINE void transform_back(const float* sums, std::int64_t stride, float* patch) {
    const Block d;
    HWY_ALIGN float half[side * Scheme::products * lanes];
#pragma GCC unroll 6
    for (std::int64_t k = 0; k < Scheme::products; ++k) {
        Vec m[Scheme::products];
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < Scheme::products; ++i)
            m[i] = hn::Load(d, sums + (i * Scheme::products + k) * stride);
        Vec y[side];
        Scheme::back(m, y);
#pragma GCC unroll 4
        for (std::int64_t i = 0; i < side; ++i)
            hn::Store(y[i], d, half + (i * Scheme::products + k) * lanes);
    }
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < side; ++i) {
        Vec m[Scheme::products];
#pragma GCC unroll 6
        for (std::int64_t k = 0; k < Scheme::products; ++k)
            m[k] = hn::Load(d, half + (i * Scheme::products + k) * lanes);
        Vec y[side];
        Scheme::back(m, y);
#pragma GCC unroll 4
        for (std::int64_t k = 0; k < side; ++k) hn::Store(y[k], d, patch + (i * side + k) * lanes);
    }
}

/// Bias, the map to add and ReLU, then the part of the patch that lies inside goes out.
HWY_INLINE void finish_patch(const WinogradTask& task, std::int64_t block, std::int64_t row,
                             std::int64_t column, const float* patch) {
    const Block d;
    const auto bias = hn::LoadU(d, task.bias + block * lanes);
    const auto scale =
        task.add_scale ? hn::LoadU(d, task.add_scale + block * lanes) : hn::Set(d, 1.0F);
    const auto low = hn::Set(d, task.relu ? 0.0F : -hwy::HighestValue<float>());
    const int half = task.add_upsampled ? 1 : 0;
    const std::int64_t add_width = task.width >> half;
    const std::int64_t y_end = std::min(side, task.height - side * row);
    const std::int64_t x_end = std::min(side, task.width - side * column);
    for (std::int64_t i = 0; i < y_end; ++i) {
        const std::int64_t y = side * row + i;
        float* out = task.out + ((block * task.height + y) * task.width + side * column) * lanes;
        const float* from = patch + i * side * lanes;
        if (task.add == nullptr) {
            for (std::int64_t k = 0; k < x_end; ++k)
                hn::Store(hn::Max(hn::Add(hn::Load(d, from + k * lanes), bias), low), d,
                          out + k * lanes);
            continue;
        }
        const float* add =
            task.add + (block * (task.height >> half) + (y >> half)) * add_width * lanes;
        for (std::int64_t k = 0; k < x_end; ++k) {
            const auto more = hn::Load(d, add + ((side * column + k) >> half) * lanes);
            const auto sum = hn::MulAdd(scale, more, hn::Add(hn::Load(d, from + k * lanes), bias));
            hn::Store(hn::Max(sum, low), d, out + k * lanes);
        }
    }
}

/// Calls body(strip) for the patches [first, end), which are a group.
template <class Body>
HWY_INLINE void for_strips(const WinogradPlan& plan, std::int64_t first, std::int64_t end,
                           const Body& body) {
    for (std::int64_t patch = first; patch < end;) {
        const std::int64_t row = patch / plan.columns;
        const std::int64_t column = patch % plan.columns;
        const std::int64_t count = std::min({strip_patches, plan.columns - column, end - patch});
        body(Strip{row, column, count, patch - first});
        patch += count;
    }
}

template <class Scheme>
void convolve_group(const WinogradWeights& weights, const WinogradTask& task,
                    const WinogradPlan& plan, std::int64_t first, std::int64_t end, float* inputs,
                    float* sums) {
    const Block d;
    const std::int64_t height = weights.upsampled() ? task.height / 2 : task.height;
    const std::int64_t width = weights.upsampled() ? task.width / 2 : task.width;
    for (std::int64_t b = 0; b < weights.in_blocks(); ++b)
        for_strips(plan, first, end, [&](const Strip& strip) HWY_ATTR {
            const float* in = task.in + b * height * width * lanes;
            float* to = inputs + b * plan.group * lanes;
            if (task.in_scale == nullptr)
                transform_strip<Scheme>(in, height, width, strip, AsIs(), to, plan.in_stride);
            else
                transform_strip<Scheme>(in, height, width, strip,
                                        Activated{hn::LoadU(d, task.in_scale + b * lanes),
                                                  hn::LoadU(d, task.in_shift + b * lanes)},
                                        to, plan.in_stride);
        });
    const std::int64_t panel = weights.panel();
    for (std::int64_t i = 0; i < Scheme::products; ++i)
        for (std::int64_t k = 0; k < Scheme::products; ++k) {
            const std::int64_t input = Scheme::input_of[i] * Scheme::inputs + Scheme::input_of[k];
            const std::int64_t product = i * Scheme::products + k;
            const float* numbers = weights.of_product(product);
            for (std::int64_t b = 0; b < weights.out_blocks(); b += panel) {
                multiply({inputs + input * plan.in_stride, weights.in_blocks(), plan.group * lanes,
                          numbers, sums + product * plan.out_stride + b * plan.group * lanes,
                          plan.group * lanes},
                         panel, end - first);
                numbers += weights.in_blocks() * lanes * panel * lanes;
            }
        }
    for (std::int64_t b = 0; b < weights.out_blocks(); ++b)
        for_strips(plan, first, end, [&](const Strip& strip) HWY_ATTR {
            for (std::int64_t p = 0; p < strip.count; ++p) {
                HWY_ALIGN float patch[side * side * lanes];
                transform_back<Scheme>(sums + (b * plan.group + strip.place + p) * lanes,
                                       plan.out_stride, patch);
                finish_patch(task, b, strip.row, strip.first + p, patch);
            }
        });
}

void convolve_map(const WinogradWeights& weights, const WinogradTask& task,
                  const WinogradPlan& plan, float* scratch) {
    float* sums = scratch + plan.inputs * plan.in_stride;
    const std::int64_t patches = plan.rows * plan.columns;
    for (std::int64_t first = 0; first < patches; first += plan.group) {
        const std::int64_t end = std::min(patches, first + plan.group);
        if (weights.upsampled())
            convolve_group<Doubled>(weights, task, plan, first, end, scratch, sums);
        else
            convolve_group<Plain>(weights, task, plan, first, end, scratch, sums);
    }
}

std::int64_t vector_lanes() {
    return lanes;
}

}  // namespace cytofleet::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(convolve_map);
HWY_EXPORT(vector_lanes);

namespace {

WinogradPlan plan_of(const WinogradWeights& weights, std::int64_t height, std::int64_t width) {
    return {weights.in_blocks(),
            weights.out_blocks(),
            weights.block(),
            weights.upsampled(),
            height,
            width};
}

}  // namespace

std::int64_t winograd_block() {
    const std::int64_t block = HWY_DYNAMIC_DISPATCH(vector_lanes)();
    return block >= 8 ? block : 0;  // with less, oneDNN's direct convolution has the same vectors
}

std::int64_t winograd_scratch(const WinogradWeights& weights, std::int64_t height,
                              std::int64_t width) {
    return plan_of(weights, height, width).scratch();
}

void winograd_convolve(const WinogradWeights& weights, const WinogradTask& task,
                       std::span<float> scratch) {
    const WinogradPlan plan = plan_of(weights, task.height, task.width);
    require(weights.block() == winograd_block(), "weights are laid out for this machine");
    require(std::ssize(scratch) >= plan.scratch(), "scratch memory is large enough");
    require(!weights.upsampled() || (task.height % 2 == 0 && task.width % 2 == 0),
            "an upsampled input has an even size");
    HWY_DYNAMIC_DISPATCH(convolve_map)(weights, task, plan, scratch.data());
}

}  // namespace cytofleet::cpu
#endif
