// Whole frames: pixels in host memory to labels in host memory.
#pragma once

#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

/// On the GPU of that number.
void bench_frames(Report& report, const Weights& weights, const Scope& scope, int device);

}  // namespace cytofleet::bench
