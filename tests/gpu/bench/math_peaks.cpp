#include "gpu/bench/peaks.hpp"

namespace cytofleet::bench {

std::optional<double> measure_math(Report& report, Precision precision, int rounds) {
    if (precision == Precision::fp32) return fma_rate(rounds);
    return product_rate(report, precision, rounds);
}

}  // namespace cytofleet::bench
