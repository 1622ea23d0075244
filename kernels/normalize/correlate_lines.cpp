#include "kernels/normalize/correlate_lines.hpp"

#include "kernels/support/simd_targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalize/correlate_lines.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cytofleet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void correlate(const double* HWY_RESTRICT in, const double* HWY_RESTRICT taps,
               std::size_t tap_count, std::size_t count, double* HWY_RESTRICT out) {
    const hn::CappedTag<double, line_group> d;
    for (std::size_t lane = 0; lane < line_group; lane += hn::Lanes(d)) {
        std::size_t i = 0;
        for (; i + 4 <= count; i += 4) {  // four sums at once: one alone would wait for itself
            auto a = hn::Zero(d);
            auto b = hn::Zero(d);
            auto c = hn::Zero(d);
            auto e = hn::Zero(d);
            const double* from = in + i * line_group + lane;
            for (std::size_t t = 0; t < tap_count; ++t, from += line_group) {
                const auto tap = hn::Set(d, taps[t]);
                a = hn::Add(a, hn::Mul(tap, hn::LoadU(d, from)));
                b = hn::Add(b, hn::Mul(tap, hn::LoadU(d, from + line_group)));
                c = hn::Add(c, hn::Mul(tap, hn::LoadU(d, from + 2 * line_group)));
                e = hn::Add(e, hn::Mul(tap, hn::LoadU(d, from + 3 * line_group)));
            }
            double* const to = out + i * line_group + lane;
            hn::StoreU(a, d, to);
            hn::StoreU(b, d, to + line_group);
            hn::StoreU(c, d, to + 2 * line_group);
            hn::StoreU(e, d, to + 3 * line_group);
        }
        for (; i < count; ++i) {
            auto a = hn::Zero(d);
            const double* from = in + i * line_group + lane;
            for (std::size_t t = 0; t < tap_count; ++t, from += line_group)
                a = hn::Add(a, hn::Mul(hn::Set(d, taps[t]), hn::LoadU(d, from)));
            hn::StoreU(a, d, out + i * line_group + lane);
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace cytofleet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(correlate);

void correlate_lines(const double* in, std::span<const double> taps, std::size_t count,
                     double* out) {
    HWY_DYNAMIC_DISPATCH(correlate)(in, taps.data(), taps.size(), count, out);
}

}  // namespace cytofleet::cpu
#endif
