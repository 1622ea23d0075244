// The Cellpose 3 network (CPnet; cellpose3.md 3.7): a residual U-Net with a style vector.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/nn_ops.hpp"
#include "weights/weights.hpp"

namespace cytofleet {

/// Planes of the network's output: Y flow, X flow, logit.
inline constexpr std::int64_t network_outputs = 3;

/// Sees what a block made of tiles [first, first + out.n): "res_down_0" to "res_up_0".
using BlockWatcher = std::function<void(const std::string& block, std::int64_t first,
                                        const NnOps& ops, const Features& out)>;

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
    /// The same where the backend has them, in one piece: `tiles` and `out` are planar. Styles are
    /// made and dropped.
    void forward(Workspace& work, const Features& tiles, Features& out) const;
    /// The operations the net is computed with.
    NnOps& ops() const;
    /// For comparisons with Python, block by block. May be called by several threads at once.
    void watch(BlockWatcher watcher);

  private:
    struct Layers;
    std::unique_ptr<Layers> layers_;
};

}  // namespace cytofleet
