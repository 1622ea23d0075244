// step_of() for a vector of points: included once per instruction set by flow_cpu.cpp.
#if defined(CYTOFLEET_KERNELS_FLOW_STEP_LANES_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef CYTOFLEET_KERNELS_FLOW_STEP_LANES_INL_HPP_
#undef CYTOFLEET_KERNELS_FLOW_STEP_LANES_INL_HPP_
#else
#define CYTOFLEET_KERNELS_FLOW_STEP_LANES_INL_HPP_
#endif

#include <bit>
#include <cstdint>

#include <hwy/highway.h>

#include "kernels/flow/flow_point.hpp"

HWY_BEFORE_NAMESPACE();
namespace cytofleet::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

template <Stepping stepping>
class StepLanes {
  public:
    static constexpr std::int64_t size = 1;
    explicit StepLanes(const StepFieldView& flow) : flow_(flow) {}

    std::uint32_t step(float* y, float* x, const float* seen_y, const float* seen_x,
                       const std::int32_t* last, std::int32_t t) const {
        const Point p = step_of(stepping, flow_, {*y, *x});
        *y = p.y;
        *x = p.x;
        return (p.y == *seen_y && p.x == *seen_x) || *last == t ? 1 : 0;
    }

  private:
    StepFieldView flow_;
};

#else
namespace hn = hwy::HWY_NAMESPACE;

/// Block b of the result: four floats from corner[4 * b] on.
template <class D>
HWY_INLINE hn::Vec<D> load_blocks(D d, const float* const* corner) {
    const hn::CappedTag<float, 4> block;
    if constexpr (hn::MaxLanes(D()) == 4) {
        return hn::LoadU(block, corner[0]);
    } else if constexpr (hn::MaxLanes(D()) == 8) {
        return hn::Combine(d, hn::LoadU(block, corner[4]), hn::LoadU(block, corner[0]));
    } else {
        const hn::Half<D> half;
        return hn::Combine(
            d, hn::Combine(half, hn::LoadU(block, corner[12]), hn::LoadU(block, corner[8])),
            hn::Combine(half, hn::LoadU(block, corner[4]), hn::LoadU(block, corner[0])));
    }
}

/// One step of `size` points at a time. Expressions and their order are those of flow_point.hpp.
template <Stepping stepping>
class StepLanes {
    using D = hn::ScalableTag<float>;
    using DI = hn::RebindToSigned<D>;
    using Wide = hn::Repartition<double, D>;
    using Half = hn::Half<D>;
    using V = hn::Vec<D>;
    using VD = hn::Vec<Wide>;

  public:
    static constexpr std::int64_t size = hn::MaxLanes(D());

    explicit StepLanes(const StepFieldView& flow)
        : values_(flow.values),
          pitch_(static_cast<std::int32_t>(flow.row() / 2)),
          row_(flow.row()),
          last_cell_(static_cast<std::int32_t>(flow.height * (flow.width + 2) + flow.width)),
          height_(static_cast<float>(flow.height)),
          width_(static_cast<float>(flow.width)) {}

    /// Steps the points in place. Bit k of the result: point k is at `seen` or has done its `last`
    /// step.
    HWY_INLINE std::uint32_t step(float* HWY_RESTRICT y, float* HWY_RESTRICT x,
                                  const float* HWY_RESTRICT seen_y,
                                  const float* HWY_RESTRICT seen_x,
                                  const std::int32_t* HWY_RESTRICT last, std::int32_t t) const {
        V py = hn::Load(d, y);
        V px = hn::Load(d, x);
        move(py, px);
        hn::Store(py, d, y);
        hn::Store(px, d, x);
        const auto back = hn::And(hn::Eq(py, hn::Load(d, seen_y)), hn::Eq(px, hn::Load(d, seen_x)));
        const auto done = hn::Eq(hn::Load(di, last), hn::Set(di, t));
        const auto stop = hn::Or(back, hn::RebindMask(d, done));
        if (HWY_LIKELY(hn::AllFalse(d, stop))) return 0;
        std::uint8_t bits[8] = {};
        hn::StoreMaskBits(d, stop, bits);
        return static_cast<std::uint32_t>(bits[0]) | static_cast<std::uint32_t>(bits[1]) << 8;
    }

  private:
    /// The flows around a point: f00 and f01 side by side above f10 and f11.
    struct Corners {
        V y00, x00, y01, x01, y10, x10, y11, x11;
    };

    /// Whole numbers from -1 to 2^22 as integers, plus one. Adding 2^23 puts them into the low
    /// bits; NaN gives any number.
    HWY_INLINE hn::Vec<DI> plus_one(V whole) const {
        const V biased = hn::Add(whole, hn::Set(d, 8388608.0F + 1.0F));
        return hn::Sub(hn::BitCast(di, biased),
                       hn::Set(di, std::bit_cast<std::int32_t>(8388608.0F)));
    }

    /// Four floats per point from `corner` on, transposed to four vectors.
    HWY_INLINE void load_pairs(const float* const* corner, V& y0, V& x0, V& y1, V& x1) const {
        const hn::Repartition<std::uint64_t, D> pairs;
        const V a = load_blocks(d, corner);
        const V b = load_blocks(d, corner + 1);
        const V c = load_blocks(d, corner + 2);
        const V e = load_blocks(d, corner + 3);
        const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
        const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
        const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
        const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
        y0 = hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low));
        x0 = hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low));
        y1 = hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high));
        x1 = hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high));
    }

    HWY_INLINE Corners corners(V cell_y, V cell_x) const {
        const auto index =
            hn::Add(hn::Mul(plus_one(cell_y), hn::Set(di, pitch_)), plus_one(cell_x));
        // NaN may have made any index: keep it inside, what is read does not matter.
        const auto safe = hn::Min(hn::Max(index, hn::Zero(di)), hn::Set(di, last_cell_));
        alignas(64) std::int32_t cells[size];
        hn::Store(safe, di, cells);
        const float* upper[size];
        const float* lower[size];
        for (std::int64_t k = 0; k < size; ++k) {
            upper[k] = values_ + 2 * static_cast<std::int64_t>(cells[k]);
            lower[k] = upper[k] + row_;
        }
        Corners c;
        load_pairs(upper, c.y00, c.x00, c.y01, c.x01);
        load_pairs(lower, c.y10, c.x10, c.y11, c.x11);
        return c;
    }

    HWY_INLINE V clamp(V value, V low, V high) const {
        return hn::Min(high, hn::Max(low, value));  // in this order NaN stays NaN
    }

    HWY_INLINE VD low_half(V v) const { return hn::PromoteTo(Wide(), hn::LowerHalf(Half(), v)); }
    HWY_INLINE VD high_half(V v) const { return hn::PromoteTo(Wide(), hn::UpperHalf(Half(), v)); }

    /// Weights of one half of the lanes in double.
    struct Weights {
        VD u, w, dx;
    };

    HWY_INLINE hn::Vec<Half> blend_half(VD f00, VD f01, VD left, VD right, const Weights& k) const {
        const VD upper = hn::Add(hn::Mul(hn::Mul(f00, k.u), k.w), hn::Mul(hn::Mul(f01, k.u), k.dx));
        return hn::DemoteTo(Half(), hn::Add(hn::Add(upper, hn::Mul(left, k.w)), right));
    }

    HWY_INLINE V blend(V f00, V f01, V f10, V f11, V dy, V dx, const Weights& low,
                       const Weights& high) const {
        const V left = hn::Mul(f10, dy);
        const V right = hn::Mul(hn::Mul(f11, dy), dx);
        return hn::Combine(
            d, blend_half(high_half(f00), high_half(f01), high_half(left), high_half(right), high),
            blend_half(low_half(f00), low_half(f01), low_half(left), low_half(right), low));
    }

    HWY_INLINE void move(V& y, V& x) const {
        if constexpr (stepping == Stepping::cpu) {
            move_cpu(y, x);
        } else if constexpr (stepping == Stepping::cuda) {
            move_cuda(y, x);
        } else {
            move_nearest(y, x);
        }
    }

    HWY_INLINE void move_cpu(V& y, V& x) const {
        const V cell_y = hn::Floor(y);  // coordinates are not negative: the same as truncation
        const V cell_x = hn::Floor(x);
        const Corners c = corners(cell_y, cell_x);
        const V dy = hn::Sub(y, cell_y);
        const V dx = hn::Sub(x, cell_x);
        const VD one = hn::Set(Wide(), 1.0);
        const VD dx_low = low_half(dx);
        const VD dx_high = high_half(dx);
        const Weights low{hn::Sub(one, low_half(dy)), hn::Sub(one, dx_low), dx_low};
        const Weights high{hn::Sub(one, high_half(dy)), hn::Sub(one, dx_high), dx_high};
        const V step_y = blend(c.y00, c.y01, c.y10, c.y11, dy, dx, low, high);
        const V step_x = blend(c.x00, c.x01, c.x10, c.x11, dy, dx, low, high);
        const V zero = hn::Zero(d);
        y = clamp(hn::Add(y, step_y), zero, hn::Set(d, height_ - 1.0F));
        x = clamp(hn::Add(x, step_x), zero, hn::Set(d, width_ - 1.0F));
    }

    HWY_INLINE void move_cuda(V& y, V& x) const {
        const V one = hn::Set(d, 1.0F);
        const V half = hn::Set(d, 0.5F);
        const V iy = hn::Mul(hn::Sub(hn::Mul(hn::Add(y, one), hn::Set(d, height_)), one), half);
        const V ix = hn::Mul(hn::Sub(hn::Mul(hn::Add(x, one), hn::Set(d, width_)), one), half);
        const V cell_y = hn::Floor(iy);
        const V cell_x = hn::Floor(ix);
        const Corners c = corners(cell_y, cell_x);
        const V north = hn::Sub(hn::Add(cell_y, one), iy);
        const V south = hn::Sub(iy, cell_y);
        const V west = hn::Sub(hn::Add(cell_x, one), ix);
        const V east = hn::Sub(ix, cell_x);
        const V nw = hn::Mul(west, north);
        const V ne = hn::Mul(east, north);
        const V sw = hn::Mul(west, south);
        const V se = hn::Mul(east, south);
        const auto sum = [&](V f00, V f01, V f10, V f11) {
            return hn::Add(hn::Add(hn::Add(hn::Mul(f00, nw), hn::Mul(f01, ne)), hn::Mul(f10, sw)),
                           hn::Mul(f11, se));
        };
        const V minus = hn::Set(d, -1.0F);
        y = clamp(hn::Add(y, sum(c.y00, c.y01, c.y10, c.y11)), minus, one);
        x = clamp(hn::Add(x, sum(c.x00, c.x01, c.x10, c.x11)), minus, one);
    }

    HWY_INLINE void move_nearest(V& y, V& x) const {
        const Corners c = corners(hn::Floor(y), hn::Floor(x));
        const V zero = hn::Zero(d);
        const auto to = [&](V from, V step, float high) {
            const V at = hn::Add(from, step);
            return hn::Min(hn::Set(d, high), hn::IfThenElseZero(hn::Gt(at, zero), at));
        };
        y = to(y, c.y00, height_ - 1.0F);
        x = to(x, c.x00, width_ - 1.0F);
    }

    const float* values_;
    std::int32_t pitch_;
    std::int64_t row_;
    std::int32_t last_cell_;
    float height_;
    float width_;
    static constexpr D d{};
    static constexpr DI di{};
};

#endif

}  // namespace cytofleet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
