// The network's convolutions one by one, in every form: what fusing gains.
#pragma once

#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

void bench_convolutions(Report& report, const Weights& weights, const Scope& scope,
                        const Peaks& peaks);

}  // namespace cytofleet::bench
