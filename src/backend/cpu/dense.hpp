// What mixes channels without looking at neighbours: the style's layers and the network's last one.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/cpu/blocked.hpp"
#include "backend/nn_ops.hpp"

namespace cytofleet::cpu {

/// Sums in double; each sum is rounded once, then the bias added.
class CpuLinear : public Linear {
  public:
    explicit CpuLinear(LinearNumbers numbers) : numbers_(std::move(numbers)) {}
    void run(const BlockedFeatures& in, BlockedFeatures& out) const;

  private:
    LinearNumbers numbers_;
};

class CpuProjection : public Projection {
  public:
    CpuProjection(const Affine& affine, const ConvNumbers& numbers, std::int64_t block);
    void run(const BlockedFeatures& in, BlockedFeatures& out) const;

  private:
    std::int64_t in_;
    std::vector<float> scale_;  ///< these three padded to whole blocks of inputs
    std::vector<float> shift_;
    std::vector<float> weights_;
    std::vector<float> bias_;
};

/// As NnOps::unit_length; the norm in double.
void unit_length(BlockedFeatures& values);

}  // namespace cytofleet::cpu
