// Winograd's transforms of patches, for one instruction set; included once for each.

#if defined(CYTOFLEET_KERNELS_WINOGRAD_TRANSFORM_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CYTOFLEET_KERNELS_WINOGRAD_TRANSFORM_INL_HPP
#undef CYTOFLEET_KERNELS_WINOGRAD_TRANSFORM_INL_HPP
#else
#define CYTOFLEET_KERNELS_WINOGRAD_TRANSFORM_INL_HPP
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "kernels/winograd/plan.hpp"

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// F(4, 3) with the points 0, a, -a, b, -b and infinity (Lavin and Gray, arXiv 1509.09308).
struct Plain {
    static constexpr std::int64_t in = 6;      ///< values read
    static constexpr std::int64_t step = 4;    ///< to the next patch's
    static constexpr std::int64_t inputs = 6;  ///< transformed values
    static constexpr std::int64_t products = 6;
    static constexpr std::int64_t input_of[products] = {0, 1, 2, 3, 4, 5};
    static constexpr double a = winograd_near;
    static constexpr double b = winograd_far;

    template <class V>
    static HWY_INLINE void forward(const V* x, V* t) {
        const hn::DFromV<V> d;
        const V near = hn::Set(d, static_cast<float>(a));
        const V far = hn::Set(d, static_cast<float>(b));
        const V near_2 = hn::Set(d, static_cast<float>(a * a));
        const V far_2 = hn::Set(d, static_cast<float>(b * b));
        const V sum = hn::Set(d, static_cast<float>(a * a + b * b));
        const V product = hn::Set(d, static_cast<float>(a * a * b * b));
        t[0] = hn::MulAdd(product, x[0], hn::NegMulAdd(sum, x[2], x[4]));
        t[5] = hn::MulAdd(product, x[1], hn::NegMulAdd(sum, x[3], x[5]));
        const V even = hn::NegMulAdd(far_2, x[2], x[4]);
        const V odd = hn::NegMulAdd(far_2, x[1], x[3]);
        t[1] = hn::MulAdd(near, odd, even);
        t[2] = hn::NegMulAdd(near, odd, even);
        const V outer = hn::NegMulAdd(near_2, x[2], x[4]);
        const V inner = hn::NegMulAdd(near_2, x[1], x[3]);
        t[3] = hn::MulAdd(far, inner, outer);
        t[4] = hn::NegMulAdd(far, inner, outer);
    }
    template <class V>
    static HWY_INLINE void back(const V* m, V* y) {
        const auto set = [](double value) HWY_ATTR {
            return hn::Set(hn::DFromV<V>(), static_cast<float>(value));
        };
        const V near_sum = hn::Add(m[1], m[2]);
        const V near_difference = hn::Sub(m[1], m[2]);
        const V far_sum = hn::Add(m[3], m[4]);
        const V far_difference = hn::Sub(m[3], m[4]);
        y[0] = hn::Add(hn::Add(m[0], near_sum), far_sum);
        y[1] = hn::MulAdd(set(a), near_difference, hn::Mul(set(b), far_difference));
        y[2] = hn::MulAdd(set(a * a), near_sum, hn::Mul(set(b * b), far_sum));
        y[3] = hn::MulAdd(set(a * a * a), near_difference,
                          hn::MulAdd(set(b * b * b), far_difference, m[5]));
    }
};

/// Four outputs from a, b, b, c, c, d, which upsampling makes of a, b, c, d. With kernel (g, h, i):
/// the product at -1 of F(4, 3) is always 0, and two more share their input. What is left is
///   (a - c) g,  (b + c) (g + h + i) / 2,  (c - b) (h + i - g) / 2,  (c - b) (i - g - h) / 2,  (d -
///   b) i.
struct Doubled {
    static constexpr std::int64_t in = 4;
    static constexpr std::int64_t step = 2;
    static constexpr std::int64_t inputs = 4;
    static constexpr std::int64_t products = 5;
    static constexpr std::int64_t input_of[products] = {0, 1, 2, 2, 3};

    template <class V>
    static HWY_INLINE void forward(const V* x, V* t) {
        t[0] = hn::Sub(x[0], x[2]);
        t[1] = hn::Add(x[1], x[2]);
        t[2] = hn::Sub(x[2], x[1]);
        t[3] = hn::Sub(x[3], x[1]);
    }
    template <class V>
    static HWY_INLINE void back(const V* m, V* y) {
        y[0] = hn::Sub(hn::Add(m[0], m[1]), m[2]);
        y[1] = hn::Add(m[1], m[3]);
        y[2] = hn::Add(m[1], m[2]);
        y[3] = hn::Sub(hn::Add(m[4], m[1]), m[3]);
    }
};

}  // namespace cytofleet::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
