// The network alone, in one precision and every batch, kernel by kernel (whole frames have it as a
// CUDA graph). Tiles are real ones (network_tiles.hpp).
#pragma once

#include "backend/cuda/precision.hpp"
#include "gpu/bench/gpu.hpp"
#include "gpu/bench/network_tiles.hpp"
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/report.hpp"
#include "gpu/bench/scope.hpp"
#include "weights/weights.hpp"

namespace cytofleet::bench {

void bench_network(Report& report, const Weights& weights, NetworkTiles& tiles, const Scope& scope,
                   Peaks& peaks, const Gpu& gpu, Precision precision);

}  // namespace cytofleet::bench
