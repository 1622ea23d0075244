#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/qc/diffuse_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/qc/diffuse.hpp"
#include "kernels/support/simd_targets.hpp"

HWY_BEFORE_NAMESPACE();
namespace cytofleet::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rows first..last-1 of `columns` pixels; `from`, `to` and `scale` point at column 0 of row
/// `first`.
template <bool multiply, typename Real>
HWY_INLINE void spread_rows(const Real* HWY_RESTRICT from, Real* HWY_RESTRICT to,
                            const Real* HWY_RESTRICT scale, std::int64_t stride, std::int64_t rows,
                            std::int64_t columns) {
    const hn::CappedTag<Real, 64 / sizeof(Real)> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    // Down the columns, a vector wide: each row is loaded once and used three times.
    for (std::int64_t x = 0; x < columns; x += lanes) {
        const Real* in = from + x - stride;
        auto north_west = hn::LoadU(d, in - 1);
        auto north = hn::Load(d, in);
        auto north_east = hn::LoadU(d, in + 1);
        in += stride;
        auto west = hn::LoadU(d, in - 1);
        auto here = hn::Load(d, in);
        auto east = hn::LoadU(d, in + 1);
        for (std::int64_t y = 0; y < rows; ++y) {
            in += stride;
            const auto south_west = hn::LoadU(d, in - 1);
            const auto south = hn::Load(d, in);
            const auto south_east = hn::LoadU(d, in + 1);
            auto sum = hn::Add(hn::Add(here, north), south);
            sum = hn::Add(hn::Add(sum, west), east);
            sum = hn::Add(hn::Add(sum, north_west), north_east);
            sum = hn::Add(hn::Add(sum, south_west), south_east);
            const auto weight = hn::Load(d, scale + y * stride + x);
            if constexpr (multiply)
                hn::Store(hn::Mul(sum, weight), d, to + y * stride + x);
            else
                hn::Store(hn::Div(sum, weight), d, to + y * stride + x);
            north_west = west;
            north = here;
            north_east = east;
            west = south_west;
            here = south;
            east = south_east;
        }
    }
}

void spread_double(const double* from, double* to, const double* scale, std::int64_t stride,
                   std::int64_t rows, std::int64_t columns, bool multiply) {
    if (multiply)
        spread_rows<true>(from, to, scale, stride, rows, columns);
    else
        spread_rows<false>(from, to, scale, stride, rows, columns);
}

void spread_float(const float* from, float* to, const float* scale, std::int64_t stride,
                  std::int64_t rows, std::int64_t columns, bool multiply) {
    if (multiply)
        spread_rows<true>(from, to, scale, stride, rows, columns);
    else
        spread_rows<false>(from, to, scale, stride, rows, columns);
}

}  // namespace cytofleet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet {
namespace {

HWY_EXPORT(spread_double);
HWY_EXPORT(spread_float);

void spread(const double* from, double* to, const double* scale, std::int64_t stride,
            std::int64_t rows, std::int64_t columns, bool multiply) {
    HWY_DYNAMIC_DISPATCH(spread_double)(from, to, scale, stride, rows, columns, multiply);
}

void spread(const float* from, float* to, const float* scale, std::int64_t stride,
            std::int64_t rows, std::int64_t columns, bool multiply) {
    HWY_DYNAMIC_DISPATCH(spread_float)(from, to, scale, stride, rows, columns, multiply);
}

}  // namespace

template <typename Real>
void HeatBox<Real>::reset(std::int64_t height, std::int64_t width, std::span<const char> inside,
                          bool multiply) {
    height_ = height;
    width_ = width;
    multiply_ = multiply;
    // The margin of the next row stands behind the last column; the last row needs one more.
    stride_ = margin + (width + margin - 1) / margin * margin;
    const std::int64_t size = (height + 2) * stride_ + margin;
    if (size > capacity_) {
        capacity_ = size;
        heat_ = hwy::AllocateAligned<Real>(static_cast<std::size_t>(size));
        next_ = hwy::AllocateAligned<Real>(static_cast<std::size_t>(size));
        scale_ = hwy::AllocateAligned<Real>(static_cast<std::size_t>(size));
    }
    const Real outside = multiply ? Real{0} : std::numeric_limits<Real>::infinity();
    const Real ninth = multiply ? static_cast<Real>(1.0 / 9.0) : Real{9};
    std::fill_n(heat_.get(), size, Real{0});
    std::fill_n(next_.get(), size, Real{0});
    std::fill_n(scale_.get(), size, outside);
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
            if (inside[y * width + x] != 0) scale_[origin(y) + x] = ninth;
}

template <typename Real>
void HeatBox<Real>::run(std::int64_t y, std::int64_t x, std::int64_t steps) {
    constexpr std::int64_t check_every = 16;
    const std::int64_t source = origin(y) + x;
    const std::int64_t size = (height_ + 2) * stride_;
    for (std::int64_t step = 1; step <= steps; ++step) {
        const Real before = heat_[source];
        heat_[source] = before + Real{1};
        // After `step` steps the heat is at most so many rows away.
        const std::int64_t first = std::max<std::int64_t>(0, y - step);
        const std::int64_t rows = std::min(height_, y + step + 1) - first;
        spread(heat_.get() + origin(first), next_.get() + origin(first),
               scale_.get() + origin(first), stride_, rows, width_, multiply_);
        std::swap(heat_, next_);
        if (step % check_every != 0) continue;
        // Heat only grows, and every operation is monotonous: once nothing changes, nothing ever
        // will.
        next_[source] = before;
        if (std::memcmp(heat_.get(), next_.get(), static_cast<std::size_t>(size) * sizeof(Real)) ==
            0)
            break;
    }
}

template class HeatBox<double>;
template class HeatBox<float>;

}  // namespace cytofleet
#endif
