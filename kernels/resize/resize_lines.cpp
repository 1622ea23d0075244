#include "kernels/resize/resize_lines.hpp"

#include <cmath>

#include "kernels/support/simd_targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resize/resize_lines.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
using Vec = hn::Vec<D>;

template <class D>
Vec<D> fused(D d, Vec<D> a, Vec<D> b, Vec<D> c) {
#if HWY_NATIVE_FMA
    static_cast<void>(d);
    return hn::MulAdd(a, b, c);
#else
    // MulAdd would round twice here.
    HWY_ALIGN float x[hn::MaxLanes(d)];
    HWY_ALIGN float y[hn::MaxLanes(d)];
    HWY_ALIGN float z[hn::MaxLanes(d)];
    hn::Store(a, d, x);
    hn::Store(b, d, y);
    hn::Store(c, d, z);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) z[i] = std::fma(x[i], y[i], z[i]);
    return hn::Load(d, z);
#endif
}

template <Rounding rounding, class D>
Vec<D> between(D d, Vec<D> a, Vec<D> b, Vec<D> f) {
    if constexpr (rounding == Rounding::once) {
        return fused(d, hn::Sub(b, a), f, a);
    } else {
        const Vec<D> rest = hn::Sub(hn::Set(d, 1.0F), f);
        return hn::Add(hn::Mul(a, rest), hn::Mul(b, f));
    }
}

// Runs `step(d, i)` over 0 .. count - 1 with whole vectors, then one element at a time.
template <class Step>
void for_lanes(std::size_t count, const Step& step) {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 1> one;
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) step(d, i);
    for (; i < count; ++i) step(one, i);
}

template <Rounding rounding>
void columns(const float* HWY_RESTRICT row, const AxisTable& table, float* HWY_RESTRICT out) {
    for_lanes(table.low.size(), [&](auto d, std::size_t i) HWY_ATTR {
        const hn::RebindToSigned<decltype(d)> index;
        const auto a = hn::GatherIndex(d, row, hn::LoadU(index, table.low.data() + i));
        const auto b = hn::GatherIndex(d, row, hn::LoadU(index, table.high.data() + i));
        hn::StoreU(between<rounding>(d, a, b, hn::LoadU(d, table.fraction.data() + i)), d, out + i);
    });
}

template <Rounding rounding>
void rows(const float* HWY_RESTRICT upper, const float* HWY_RESTRICT lower, float fraction,
          std::size_t count, float* HWY_RESTRICT out) {
    for_lanes(count, [&](auto d, std::size_t i) HWY_ATTR {
        const auto f = hn::Set(d, fraction);
        const auto value =
            between<rounding>(d, hn::LoadU(d, upper + i), hn::LoadU(d, lower + i), f);
        hn::StoreU(value, d, out + i);
    });
}

void columns_each(const float* row, const AxisTable& table, float* out) {
    columns<Rounding::each>(row, table, out);
}
void columns_once(const float* row, const AxisTable& table, float* out) {
    columns<Rounding::once>(row, table, out);
}
void rows_each(const float* upper, const float* lower, float fraction, std::size_t count,
               float* out) {
    rows<Rounding::each>(upper, lower, fraction, count, out);
}
void rows_once(const float* upper, const float* lower, float fraction, std::size_t count,
               float* out) {
    rows<Rounding::once>(upper, lower, fraction, count, out);
}

void halve(const float* HWY_RESTRICT upper, const float* HWY_RESTRICT lower, std::size_t count,
           float* HWY_RESTRICT out) {
    for_lanes(count, [&](auto d, std::size_t i) HWY_ATTR {
        hn::Vec<decltype(d)> a;
        hn::Vec<decltype(d)> b;
        hn::Vec<decltype(d)> c;
        hn::Vec<decltype(d)> e;
        if constexpr (hn::MaxLanes(decltype(d)()) == 1) {
            a = hn::Set(d, upper[2 * i]);
            b = hn::Set(d, upper[2 * i + 1]);
            c = hn::Set(d, lower[2 * i]);
            e = hn::Set(d, lower[2 * i + 1]);
        } else {
            hn::LoadInterleaved2(d, upper + 2 * i, a, b);
            hn::LoadInterleaved2(d, lower + 2 * i, c, e);
        }
        const auto sum = hn::Add(hn::Add(hn::Add(a, b), c), e);
        hn::StoreU(hn::Mul(sum, hn::Set(d, 0.25F)), d, out + i);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace cytofleet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(columns_each);
HWY_EXPORT(columns_once);
HWY_EXPORT(rows_each);
HWY_EXPORT(rows_once);
HWY_EXPORT(halve);

void resize_columns(Rounding rounding, const float* row, const AxisTable& table, float* out) {
    if (rounding == Rounding::each) {
        HWY_DYNAMIC_DISPATCH(columns_each)(row, table, out);
    } else {
        HWY_DYNAMIC_DISPATCH(columns_once)(row, table, out);
    }
}

void resize_rows(Rounding rounding, const float* upper, const float* lower, float fraction,
                 std::size_t count, float* out) {
    if (rounding == Rounding::each) {
        HWY_DYNAMIC_DISPATCH(rows_each)(upper, lower, fraction, count, out);
    } else {
        HWY_DYNAMIC_DISPATCH(rows_once)(upper, lower, fraction, count, out);
    }
}

void halve_rows(const float* upper, const float* lower, std::size_t count, float* out) {
    HWY_DYNAMIC_DISPATCH(halve)(upper, lower, count, out);
}

}  // namespace cytofleet::cpu
#endif
