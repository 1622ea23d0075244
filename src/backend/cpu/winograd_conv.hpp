// A 3 x 3 convolution by our own Winograd kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/cpu/cpu_convolution.hpp"
#include "kernels/winograd/winograd.hpp"

namespace cytofleet::cpu {

/// Blocked maps in and out; everything around the convolution happens on the way in and out.
class WinogradConvolution : public CpuConvolution {
  public:
    WinogradConvolution(const ConvNumbers& numbers, std::int64_t block, Sampling sampling);
    void run(CpuWorkspace& work, const BlockedFeatures& in, const Activation& activation,
             BlockedFeatures& out, const Epilogue& epilogue) const override;
    std::int64_t in_channels() const override { return in_; }
    std::int64_t out_channels() const override { return out_; }
    Sampling sampling() const override { return sampling_; }

  private:
    std::int64_t in_;
    std::int64_t out_;
    Sampling sampling_;
    WinogradWeights weights_;
    std::vector<float> bias_;  ///< padded
};

}  // namespace cytofleet::cpu
