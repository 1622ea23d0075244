// What every convolution of the CPU backend has: its numbers, and a way to run on one tile.
#pragma once

#include <span>
#include <vector>

#include "backend/cpu/blocked.hpp"
#include "backend/cpu/workspace.hpp"
#include "backend/nn_ops.hpp"

namespace cytofleet::cpu {

class CpuConvolution : public Convolution {
  public:
    /// As NnOps::convolve; the maps fit.
    virtual void run(CpuWorkspace& work, const BlockedFeatures& in, const Affine* activation,
                     BlockedFeatures& out, const Epilogue& epilogue) const = 0;
    virtual std::int64_t in_channels() const = 0;
    virtual std::int64_t out_channels() const = 0;
    virtual Sampling sampling() const = 0;
};

/// `values`, then zeros for the channels that pad the last block.
inline std::vector<float> padded(std::span<const float> values, std::int64_t size) {
    std::vector<float> out(values.begin(), values.end());
    out.resize(static_cast<std::size_t>(size));
    return out;
}

}  // namespace cytofleet::cpu
