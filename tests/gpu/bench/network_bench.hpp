// The network alone, in every precision and batch.
#pragma once

#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

void bench_network(Report& report, const Weights& weights, const Scope& scope, const Peaks& peaks);

}  // namespace cytofleet::bench
