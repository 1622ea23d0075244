// Whole frames: pixels in host memory to labels in host memory.
#pragma once

#include "backend/cuda/precision.hpp"
#include "gpu/bench/gpu.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

/// Frames of several sizes, alone and one after the other, on the GPU of that number.
void bench_frames(Report& report, const Weights& weights, const Scope& scope, const Gpu& gpu,
                  Precision precision);

/// Many small frames of a movie.
void bench_movie(Report& report, const Weights& weights, const Scope& scope, const Gpu& gpu,
                 Precision precision);

}  // namespace cytofleet::bench
