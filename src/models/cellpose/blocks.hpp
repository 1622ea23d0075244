// The blocks of CPnet under the names Python gives them (cellpose3.md 3.7), with the exact foldings
// of 3.8.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/nn_ops.hpp"
#include "nn/layers.hpp"
#include "weights/weights.hpp"

namespace cytofleet {

/// A batch norm and the ReLU behind it, as numbers that the backend holds.
class NormRelu {
  public:
    NormRelu(const NnOps& ops, const Affine& norm);
    Activation activation() const { return {scale_.get(), shift_.get()}; }

  private:
    Constant scale_;
    Constant shift_;
};

/// `resdown`: y = proj(x) + conv_1(conv_0(x)); out = y + conv_3(conv_2(y)). The norms of conv_1 and
/// conv_3 have one consumer each and sit in conv_0 and conv_2, the norm of proj in proj.
class ResidualDown {
  public:
    ResidualDown(const NnOps& ops, const Weights& weights, std::int64_t in, std::int64_t out);
    /// `next`: as in Epilogue, for the result.
    FeaturesPtr operator()(const NnOps& ops, Workspace& work, const Features& x,
                           const Activation& next) const;
    /// What it asks of x.
    Activation activation() const { return norm_0_.activation(); }

  private:
    std::int64_t out_;
    NormRelu norm_0_;
    NormRelu norm_2_;
    std::shared_ptr<Convolution> proj_, conv_0_, conv_1_, conv_2_, conv_3_;
};

/// `resup`, fed with x before the upsampling: a = conv_0(up(x)) + skip; y = proj(up(x)) + conv_1(a
/// + f1); out = y + conv_3(conv_2(y + f2) + f3). What acts pixelwise on x runs before the
/// upsampling; the norm of conv_1 scales conv_0, skip and f1, that of conv_3 scales conv_2 and f3.
/// So the style's layers, with the norms in them, give what depends on it: the biases of conv_0 and
/// conv_2 and the shift of conv_2's norm.
class ResidualUp {
  public:
    /// `sampling`: whether x has the size of the result or half of it.
    ResidualUp(const NnOps& ops, const Weights& weights, std::int64_t in, std::int64_t out,
               std::int64_t style, Sampling sampling);
    /// `skip` sets the size of the result. `style`: (n, style, 1, 1).
    FeaturesPtr operator()(const NnOps& ops, Workspace& work, const Features& x,
                           const Features& skip, const Features& style) const;
    /// What it asks of x; none where x is upsampled on the way.
    Activation activation() const {
        return sampling_ == Sampling::same ? norm_0_.activation() : Activation{};
    }

  private:
    std::int64_t out_;
    Sampling sampling_;
    NormRelu norm_0_;
    Constant scale_1_;
    Constant scale_2_;
    std::shared_ptr<Linear> bias_0_, shift_2_, bias_2_;
    std::shared_ptr<Convolution> proj_, conv_0_, conv_1_, conv_2_, conv_3_;
};

}  // namespace cytofleet
