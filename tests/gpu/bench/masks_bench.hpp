// The mask stage alone, whole and step by step.
#pragma once

#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"

namespace cytofleet::bench {

void bench_masks(Report& report, const Scope& scope, Peaks& peaks);

}  // namespace cytofleet::bench
