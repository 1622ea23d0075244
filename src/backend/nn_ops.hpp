// The operations a network is written in; a backend implements them in the layout it likes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cytofleet {

/// A batch of feature maps (n, channels, height, width), float32, in the backend's own layout. The
/// memory belongs to a Workspace and is free again when this is destroyed.
class Features {
  public:
    virtual ~Features() = default;
    std::int64_t n = 0;
    std::int64_t channels = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
};
using FeaturesPtr = std::unique_ptr<Features>;

/// Numbers of a convolution: stride 1, zero padding of half the kernel.
struct ConvNumbers {
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::int64_t kernel = 1;     ///< 1 or 3
    std::vector<float> weights;  ///< (out, in, kernel, kernel)
    std::vector<float> bias;     ///< (out)
};

/// What a convolution's input is.
enum class Sampling {
    same,    ///< of the output's size
    doubled  ///< of half the output's height and width: upsampled first, nearest neighbour
};

/// A convolution whose numbers the backend has taken and laid out.
class Convolution {
  public:
    virtual ~Convolution() = default;
};

/// y = scale * x + shift, per channel.
struct Affine {
    std::vector<float> scale;  ///< (channels)
    std::vector<float> shift;  ///< (channels)
};

/// What a convolution does after summing.
struct Epilogue {
    std::span<const float> bias{};  ///< (channels) instead of the convolution's own; empty: its own
    /// Added, times `add_scale` (channels; empty: 1). May be the output itself. Where it has half
    /// the output's height and width, it is upsampled, nearest neighbour.
    const Features* add = nullptr;
    std::span<const float> add_scale{};
    bool relu = false;
};

/// Memory and handles one thread needs to run a network.
class Workspace {
  public:
    virtual ~Workspace() = default;
    /// Uninitialised feature maps.
    virtual FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                             std::int64_t width) = 0;
    /// For the network's input, which has few channels: plane by plane.
    virtual FeaturesPtr make_planar(std::int64_t channels, std::int64_t height,
                                    std::int64_t width) = 0;
};

class NnOps {
  public:
    virtual ~NnOps() = default;
    /// Instruction set or device, and library: for logs.
    virtual std::string description() const = 0;
    virtual std::shared_ptr<Convolution> make_convolution(
        ConvNumbers numbers, Sampling sampling = Sampling::same) const = 0;

    /// Calls body(workspace, first, count) until [0, n) is covered: tile by tile on as many threads
    /// as there are on a CPU, in one piece on a GPU. The pieces do not depend on n or on the
    /// threads.
    virtual void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) = 0;

    /// Planar tiles (n, channels, h, w) of host memory to features. For the first layer.
    virtual void upload(std::span<const float> tiles, Features& out) const = 0;
    /// out = convolution(f(in)), then the epilogue; f(x) is max(0, scale * x + shift) with
    /// `activation`, else x.
    virtual void convolve(Workspace& work, const Convolution& convolution, const Features& in,
                          const Affine* activation, Features& out,
                          const Epilogue& epilogue) const = 0;
    /// 2 x 2, stride 2.
    virtual void max_pool(const Features& in, Features& out) const = 0;
    /// Mean over all pixels, (n, channels).
    virtual void mean(const Features& in, std::span<float> out) const = 0;
    /// relu(affine(in)) through a 1 x 1 convolution to planar host memory (n, numbers.out, h, w).
    /// For the last layer, which has few channels.
    virtual void project(const Features& in, const Affine& affine, const ConvNumbers& numbers,
                         std::span<float> out) const = 0;
};

}  // namespace cytofleet
