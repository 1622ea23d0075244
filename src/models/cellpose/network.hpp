// The Cellpose 3 network (CPnet; cellpose3.md 3.7): a residual U-Net with a style vector.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/nn_ops.hpp"
#include "weights/weights.hpp"

namespace cytofleet {

/// Sizes come from the checkpoint's shapes. Takes every tensor of the net from `weights`.
class CpNet {
  public:
    CpNet(std::shared_ptr<NnOps> ops, const Weights& weights);
    ~CpNet();
    CpNet(CpNet&&) noexcept;
    std::int64_t channels_in() const;
    /// Input channels, then the channels of each stage: 2, 32, 64, 128, 256.
    std::vector<std::int64_t> widths() const;
    std::int64_t style_size() const;
    /// `tiles`: (n, channels_in, h, w), h and w multiples of 16. `out`: (n, 3, h, w): Y flow, X
    /// flow, logit. `styles`: (n, style_size), unit length. Each tile's result does not depend on
    /// n.
    void operator()(std::span<const float> tiles, std::int64_t n, std::int64_t h, std::int64_t w,
                    std::span<float> out, std::span<float> styles);

  private:
    struct Layers;
    std::unique_ptr<Layers> layers_;
};

}  // namespace cytofleet
