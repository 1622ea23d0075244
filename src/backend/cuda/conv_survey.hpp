// Which convolutions a network will ask for, without computing any: kernels for them can then be
// compiled beforehand, all at once, and without a device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "backend/cuda/wanted_convolution.hpp"
#include "backend/nn_ops.hpp"

namespace cytofleet::cuda {

/// What CudaOps asks the library for besides the sums of a convolution with this epilogue.
/// `shared`: whether values per channel are all tiles'. What is upsampled while it is added is no
/// operand of the library's graphs: then nothing is.
ConvFusion wanted_fusion(const Features& out, const Epilogue& epilogue,
                         const std::function<bool(const Features&)>& shared);

/// Operations that only note what they are asked. A network built on them and run once, with
/// features of its workspace, has told all it will ever ask of CudaOps at that size.
class ConvSurvey : public NnOps {
  public:
    explicit ConvSurvey(Precision precision) : precision_(precision) {}
    /// Each once.
    std::vector<WantedConvolution> wanted() const { return {wanted_.begin(), wanted_.end()}; }

    std::string description() const override { return "survey"; }
    std::shared_ptr<Convolution> make_convolution(ConvNumbers numbers,
                                                  Sampling sampling) const override;
    std::shared_ptr<Linear> make_linear(LinearNumbers numbers) const override;
    std::shared_ptr<Projection> make_projection(const Affine& affine,
                                                const ConvNumbers& numbers) const override;
    Constant make_constant(std::span<const float> values) const override;
    void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) override;
    void convolve(Workspace& work, const Convolution& convolution, const Features& in,
                  const Activation& activation, Features& out,
                  const Epilogue& epilogue) const override;
    void upload(std::span<const float> /*planes*/, Features& /*out*/) const override {}
    void download(const Features& /*in*/, std::span<float> /*planes*/) const override {}
    void max_pool(const Features& /*in*/, Features& /*out*/,
                  const Activation& /*next*/) const override {}
    void mean(const Features& /*in*/, Features& /*out*/) const override {}
    void unit_length(Features& /*values*/) const override {}
    void linear(const Linear& /*linear*/, const Features& /*in*/,
                Features& /*out*/) const override {}
    void project(const Projection& /*projection*/, const Features& /*in*/,
                 Features& /*out*/) const override {}

  private:
    Precision precision_;
    mutable std::set<WantedConvolution> wanted_;
};

}  // namespace cytofleet::cuda
