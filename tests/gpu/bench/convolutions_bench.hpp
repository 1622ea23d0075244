// The network's convolutions one by one, in every form: what fusing gains. Operands look like a
// network's: activations as a ReLU leaves them (about half zeros), weights of 1 / sqrt(fan-in),
// biases and sums to add that are small numbers of both signs; never zeros alone.
#pragma once

#include "backend/cuda/precision.hpp"
#include "gpu/bench/gpu.hpp"
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

/// Forms that should give the same numbers are compared with one another.
void bench_convolutions(Report& report, const Weights& weights, const Scope& scope, Peaks& peaks,
                        const Gpu& gpu, Precision precision);

}  // namespace cytofleet::bench
