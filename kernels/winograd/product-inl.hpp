// The matrix products of a Winograd convolution, for one instruction set; included once for each.

#if defined(CYTOFLEET_KERNELS_WINOGRAD_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CYTOFLEET_KERNELS_WINOGRAD_PRODUCT_INL_HPP
#undef CYTOFLEET_KERNELS_WINOGRAD_PRODUCT_INL_HPP
#else
#define CYTOFLEET_KERNELS_WINOGRAD_PRODUCT_INL_HPP
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
/// A vector is one block of channels.
using Block = hn::CappedTag<float, 16>;

/// out[row] = sum over channels of in[row] * weights, for some rows. Maps of rows are (blocks, ...,
/// block) with the blocks `in_stride` and `out_stride` floats apart.
struct Product {
    const float* in;
    std::int64_t in_blocks;
    std::int64_t in_stride;
    const float* weights;  ///< (in_blocks * block, panel * block)
    float* out;
    std::int64_t out_stride;
};

/// row_count x panel_blocks sums, all of them in registers. Each is the same chain of fused
/// multiply-adds for every row_count.
template <std::int64_t row_count, std::int64_t panel_blocks>
HWY_INLINE void multiply_rows(const Product& p, std::int64_t row) {
    const Block d;
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(Block()));
    hn::Vec<Block> sums[row_count][panel_blocks];
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < row_count; ++r)
#pragma GCC unroll 4
        for (std::int64_t n = 0; n < panel_blocks; ++n) sums[r][n] = hn::Zero(d);
    const float* in = p.in + row * lanes;
    const float* weights = p.weights;
    for (std::int64_t b = 0; b < p.in_blocks; ++b, in += p.in_stride)
        for (std::int64_t k = 0; k < lanes; ++k, weights += panel_blocks * lanes) {
            hn::Vec<Block> w[panel_blocks];
#pragma GCC unroll 4
            for (std::int64_t n = 0; n < panel_blocks; ++n) w[n] = hn::Load(d, weights + n * lanes);
#pragma GCC unroll 16
            for (std::int64_t r = 0; r < row_count; ++r) {
                const auto x = hn::Set(d, in[r * lanes + k]);
#pragma GCC unroll 4
                for (std::int64_t n = 0; n < panel_blocks; ++n)
                    sums[r][n] = hn::MulAdd(x, w[n], sums[r][n]);
            }
        }
    float* out = p.out + row * lanes;
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < row_count; ++r)
#pragma GCC unroll 4
        for (std::int64_t n = 0; n < panel_blocks; ++n)
            hn::Store(sums[r][n], d, out + n * p.out_stride + r * lanes);
}

/// As many rows at a time as the registers hold, then what is left in halves.
template <std::int64_t row_count, std::int64_t panel_blocks>
HWY_INLINE void multiply_from(const Product& p, std::int64_t row, std::int64_t rows) {
    for (; row + row_count <= rows; row += row_count)
        multiply_rows<row_count, panel_blocks>(p, row);
    if constexpr (row_count > 1) {
        if (row < rows) multiply_from<row_count / 2, panel_blocks>(p, row, rows);
    }
}

inline void multiply(const Product& p, std::int64_t panel, std::int64_t rows) {
    constexpr bool wide = hn::MaxLanes(Block()) == 16;  // 32 registers instead of 16
    if constexpr (wide) {
        if (panel == 4) return multiply_from<7, 4>(p, 0, rows);
    }
    if (panel == 2) return multiply_from < wide ? 14 : 6, 2 > (p, 0, rows);
    return multiply_from < wide ? 14 : 12, 1 > (p, 0, rows);
}

}  // namespace cytofleet::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
