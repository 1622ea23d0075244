// What every convolution of the CPU backend has: its numbers, and a way to run on one tile.
#pragma once

#include "backend/cpu/blocked.hpp"
#include "backend/cpu/workspace.hpp"
#include "backend/nn_ops.hpp"

namespace cytofleet::cpu {

class CpuConvolution : public Convolution {
  public:
    /// As NnOps::convolve; the maps fit.
    virtual void run(CpuWorkspace& work, const BlockedFeatures& in, const Activation& activation,
                     BlockedFeatures& out, const Epilogue& epilogue) const = 0;
    virtual std::int64_t in_channels() const = 0;
    virtual std::int64_t out_channels() const = 0;
    virtual Sampling sampling() const = 0;
};

}  // namespace cytofleet::cpu
