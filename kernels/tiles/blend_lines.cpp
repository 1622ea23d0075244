#include "kernels/tiles/blend_lines.hpp"

#include "kernels/support/simd_targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tiles/blend_lines.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <bool reversed, bool negated, class D>
void add_lanes(D wide, const float* tile, const double* weight, std::size_t count, std::size_t i,
               float* sum) {
    const hn::Rebind<float, D> narrow;
    auto value = hn::LoadU(narrow, reversed ? tile + (count - i - hn::Lanes(wide)) : tile + i);
    if constexpr (reversed) value = hn::Reverse(narrow, value);
    if constexpr (negated) value = hn::Neg(value);
    const auto weighted = hn::Mul(hn::PromoteTo(wide, value), hn::LoadU(wide, weight + i));
    const auto before = hn::PromoteTo(wide, hn::LoadU(narrow, sum + i));
    hn::StoreU(hn::DemoteTo(narrow, hn::Add(before, weighted)), narrow, sum + i);
}

template <bool reversed, bool negated>
void add_as(const float* HWY_RESTRICT tile, const double* HWY_RESTRICT weight, std::size_t count,
            float* HWY_RESTRICT sum) {
    const hn::ScalableTag<double> wide;
    const hn::CappedTag<double, 1> one;
    std::size_t i = 0;
    for (; i + hn::Lanes(wide) <= count; i += hn::Lanes(wide))
        add_lanes<reversed, negated>(wide, tile, weight, count, i, sum);
    for (; i < count; ++i) add_lanes<reversed, negated>(one, tile, weight, count, i, sum);
}

void add(const float* tile, LineTurn turn, const double* weight, std::size_t count, float* sum) {
    if (turn.reversed) {
        turn.negated ? add_as<true, true>(tile, weight, count, sum)
                     : add_as<true, false>(tile, weight, count, sum);
    } else {
        turn.negated ? add_as<false, true>(tile, weight, count, sum)
                     : add_as<false, false>(tile, weight, count, sum);
    }
}

template <class D>
void divide_lanes(D wide, const float* sum, const double* weight, std::size_t i, float* out) {
    const hn::Rebind<float, D> narrow;
    const auto value = hn::PromoteTo(wide, hn::LoadU(narrow, sum + i));
    const auto mean = hn::Div(value, hn::LoadU(wide, weight + i));
    hn::StoreU(hn::DemoteTo(narrow, mean), narrow, out + i);
}

void divide(const float* HWY_RESTRICT sum, const double* HWY_RESTRICT weight, std::size_t count,
            float* HWY_RESTRICT out) {
    const hn::ScalableTag<double> wide;
    const hn::CappedTag<double, 1> one;
    std::size_t i = 0;
    for (; i + hn::Lanes(wide) <= count; i += hn::Lanes(wide))
        divide_lanes(wide, sum, weight, i, out);
    for (; i < count; ++i) divide_lanes(one, sum, weight, i, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace cytofleet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(add);
HWY_EXPORT(divide);

void add_line(const float* tile, LineTurn turn, const double* weight, std::size_t count,
              float* sum) {
    HWY_DYNAMIC_DISPATCH(add)(tile, turn, weight, count, sum);
}

void divide_line(const float* sum, const double* weight, std::size_t count, float* out) {
    HWY_DYNAMIC_DISPATCH(divide)(sum, weight, count, out);
}

}  // namespace cytofleet::cpu
#endif
