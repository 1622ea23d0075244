#include "gpu/bench/peaks.hpp"

namespace cytofleet::bench {

std::optional<MathPeaks> measure_math(Report& report, const Scope& scope) {
    return MathPeaks{.fp32 = fma_rate(scope.rounds),
                     .tf32 = product_rate(report, Precision::tf32, scope.rounds),
                     .fp16 = product_rate(report, Precision::fp16, scope.rounds)};
}

}  // namespace cytofleet::bench
