#include "kernels/normalize/pixel_lines.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/support/parallel.hpp"
#include "kernels/support/simd_targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalize/pixel_lines.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Runs `step(d, i)` over 0 .. count - 1 with whole vectors of T, then one element at a time.
template <class T, class Step>
void for_lanes(std::size_t count, const Step& step) {
    const hn::ScalableTag<T> d;
    const hn::CappedTag<T, 1> one;
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) step(d, i);
    for (; i < count; ++i) step(one, i);
}

void scale_line(float* values, std::size_t count, float low, float span) {
    for_lanes<float>(count, [=](auto d, std::size_t i) HWY_ATTR {
        const auto above = hn::Sub(hn::LoadU(d, values + i), hn::Set(d, low));
        hn::StoreU(hn::Div(above, hn::Set(d, span)), d, values + i);
    });
}

void scale_wide_line(float* values, std::size_t count, double low, double span) {
    for_lanes<double>(count, [=](auto wide, std::size_t i) HWY_ATTR {
        const hn::Rebind<float, decltype(wide)> d;
        const auto value = hn::PromoteTo(wide, hn::LoadU(d, values + i));
        const auto above = hn::DemoteTo(d, hn::Sub(value, hn::Set(wide, low)));
        const auto scaled = hn::Div(hn::PromoteTo(wide, above), hn::Set(wide, span));
        hn::StoreU(hn::DemoteTo(d, scaled), d, values + i);
    });
}

void scale_each_line(float* values, std::size_t count, const float* low, const float* high) {
    for_lanes<float>(count, [=](auto d, std::size_t i) HWY_ATTR {
        const auto bottom = hn::LoadU(d, low + i);
        const auto above = hn::Sub(hn::LoadU(d, values + i), bottom);
        hn::StoreU(hn::Div(above, hn::Sub(hn::LoadU(d, high + i), bottom)), d, values + i);
    });
}

void one_minus_line(float* values, std::size_t count) {
    for_lanes<float>(count, [=](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Sub(hn::Set(d, 1.0F), hn::LoadU(d, values + i)), d, values + i);
    });
}

Range range_of_line(const float* values, std::size_t count) {
    const hn::ScalableTag<float> d;
    Range out{values[0], values[0], false};
    auto low = hn::Set(d, values[0]);
    auto high = low;
    auto nan = hn::Zero(d);  // all bits set in lanes that saw one
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
        const auto value = hn::LoadU(d, values + i);
        low = hn::Min(low, value);
        high = hn::Max(high, value);
        nan = hn::Or(nan, hn::VecFromMask(d, hn::IsNaN(value)));
    }
    out.any_nan = !hn::AllFalse(d, hn::MaskFromVec(nan));
    out.low = hn::GetLane(hn::MinOfLanes(d, low));
    out.high = hn::GetLane(hn::MaxOfLanes(d, high));
    for (; i < count; ++i) {
        out.low = std::min(out.low, values[i]);
        out.high = std::max(out.high, values[i]);
        out.any_nan = out.any_nan || values[i] != values[i];
    }
    return out;
}

}  // namespace HWY_NAMESPACE
}  // namespace cytofleet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(scale_line);
HWY_EXPORT(scale_wide_line);
HWY_EXPORT(scale_each_line);
HWY_EXPORT(one_minus_line);
HWY_EXPORT(range_of_line);

namespace {

/// Calls work(first, count) for blocks that cover 0 .. size - 1.
template <class Work>
void for_blocks(const Exec& exec, std::size_t size, const Work& work) {
    constexpr std::size_t length = 65536;
    const auto blocks = static_cast<std::int64_t>((size + length - 1) / length);
    parallel_even(exec, blocks, [&](std::int64_t block) {
        const std::size_t first = static_cast<std::size_t>(block) * length;
        work(first, std::min(length, size - first));
    });
}

}  // namespace

Range value_range(const Exec& exec, std::span<const float> values) {
    std::vector<Range> parts(static_cast<std::size_t>(exec.threads),
                             Range{values[0], values[0], false});
    parallel_threads(exec, [&](int thread, int threads) {
        const Piece piece = piece_of(std::ssize(values), thread, threads);
        if (piece.begin == piece.end) return;
        parts[static_cast<std::size_t>(thread)] = HWY_DYNAMIC_DISPATCH(range_of_line)(
            values.data() + piece.begin, static_cast<std::size_t>(piece.end - piece.begin));
    });
    Range out{values[0], values[0], false};
    for (const Range& part : parts) {
        out.low = std::min(out.low, part.low);
        out.high = std::max(out.high, part.high);
        out.any_nan = out.any_nan || part.any_nan;
    }
    return out;
}

void scale(const Exec& exec, std::span<float> values, float low, float span) {
    for_blocks(exec, values.size(), [&](std::size_t first, std::size_t count) {
        HWY_DYNAMIC_DISPATCH(scale_line)(values.data() + first, count, low, span);
    });
}

void scale_wide(const Exec& exec, std::span<float> values, double low, double span) {
    for_blocks(exec, values.size(), [&](std::size_t first, std::size_t count) {
        HWY_DYNAMIC_DISPATCH(scale_wide_line)(values.data() + first, count, low, span);
    });
}

void scale_each(const Exec& exec, std::span<float> values, std::span<const float> low,
                std::span<const float> high) {
    for_blocks(exec, values.size(), [&](std::size_t first, std::size_t count) {
        HWY_DYNAMIC_DISPATCH(scale_each_line)
        (values.data() + first, count, low.data() + first, high.data() + first);
    });
}

void one_minus(const Exec& exec, std::span<float> values) {
    for_blocks(exec, values.size(), [&](std::size_t first, std::size_t count) {
        HWY_DYNAMIC_DISPATCH(one_minus_line)(values.data() + first, count);
    });
}

void fill(const Exec& exec, std::span<float> values, float value) {
    for_blocks(exec, values.size(), [&](std::size_t first, std::size_t count) {
        std::fill_n(values.data() + first, count, value);
    });
}

}  // namespace cytofleet::cpu
#endif
