// The operations a network is written in; a backend implements them in the layout it likes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cytofleet {

/// A batch of feature maps (n, channels, height, width) in the backend's own layout and memory,
/// free again when this is destroyed. Values per channel are maps of one pixel: (1 or n, channels,
/// 1, 1), where 1 means that all tiles share them.
class Features {
  public:
    virtual ~Features() = default;
    std::int64_t n = 0;
    std::int64_t channels = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
};
using FeaturesPtr = std::unique_ptr<Features>;
/// Values per channel that a network keeps.
using Constant = std::shared_ptr<const Features>;

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

/// Numbers of a fully connected layer: out = weights * x + bias.
struct LinearNumbers {
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::vector<float> weights;  ///< (out, in)
    std::vector<float> bias;     ///< (out)
};

/// A fully connected layer whose numbers the backend has taken.
class Linear {
  public:
    virtual ~Linear() = default;
};

/// The last layer, from features to a few planes, whose numbers the backend has taken.
class Projection {
  public:
    virtual ~Projection() = default;
};

/// What happens to a convolution's input: max(0, scale * x + shift); nothing where both are null.
struct Activation {
    const Features* scale = nullptr;  ///< (1, channels, 1, 1)
    const Features* shift = nullptr;  ///< (1 or n, channels, 1, 1)
};

/// What a convolution does after summing.
struct Epilogue {
    const Features* bias = nullptr;  ///< (1 or n, channels, 1, 1); null: the convolution's own
    /// Added, times `add_scale` (1, channels, 1, 1; null: 1). May be the output itself. Where it
    /// has half the output's height and width, it is upsampled, nearest neighbour.
    const Features* add = nullptr;
    const Features* add_scale = nullptr;
    bool relu = false;
    /// What the next convolution of the output will ask for; none where both are null. A hint: a
    /// backend may prepare it while it has the numbers in hand. The values must outlive the output.
    Activation next{};
};

/// Memory and handles one thread needs to run a network.
class Workspace {
  public:
    virtual ~Workspace() = default;
    /// Uninitialised feature maps.
    virtual FeaturesPtr make(std::int64_t n, std::int64_t channels, std::int64_t height,
                             std::int64_t width) = 0;
    /// For the network's input and output, which have few channels: plane by plane.
    virtual FeaturesPtr make_planar(std::int64_t n, std::int64_t channels, std::int64_t height,
                                    std::int64_t width) = 0;
    /// Gives back memory that is kept for what is made next.
    virtual void trim() {}
};

class NnOps {
  public:
    virtual ~NnOps() = default;
    /// Instruction set or device, and library: for logs.
    virtual std::string description() const = 0;
    /// How convolutions have been computed so far, a line for each kind; for benchmarks.
    virtual std::vector<std::string> choices() const { return {}; }
    virtual std::shared_ptr<Convolution> make_convolution(
        ConvNumbers numbers, Sampling sampling = Sampling::same) const = 0;
    virtual std::shared_ptr<Linear> make_linear(LinearNumbers numbers) const = 0;
    /// relu(affine(in)), then a 1 x 1 convolution.
    virtual std::shared_ptr<Projection> make_projection(const Affine& affine,
                                                        const ConvNumbers& numbers) const = 0;
    /// (1, values.size(), 1, 1), for as many workspaces as there are.
    virtual Constant make_constant(std::span<const float> values) const = 0;

    /// Calls body(workspace, first, count) until [0, n) is covered: tile by tile on as many threads
    /// as there are on a CPU, in one piece on a GPU. A tile's result depends neither on n nor on
    /// the threads.
    virtual void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) = 0;

    /// Gives back memory that is kept for the next call only.
    virtual void trim() {}
    /// Memory apart from all other, for work that is recorded and started again: what operations
    /// need on features made in it is taken from it, nobody else takes from it, and none of it goes
    /// back before trim() is called or it ends. Null where nothing is recorded. Must be gone before
    /// the operations are.
    virtual std::unique_ptr<Workspace> make_workspace() const { return nullptr; }

    /// Planes (n, channels, height, width) of host memory to features of any layout, and back.
    virtual void upload(std::span<const float> planes, Features& out) const = 0;
    virtual void download(const Features& in, std::span<float> planes) const = 0;
    /// out = convolution(activation(in)), then the epilogue.
    virtual void convolve(Workspace& work, const Convolution& convolution, const Features& in,
                          const Activation& activation, Features& out,
                          const Epilogue& epilogue) const = 0;
    /// 2 x 2, stride 2. `next`: as in Epilogue.
    virtual void max_pool(const Features& in, Features& out, const Activation& next) const = 0;
    /// Mean over all pixels, to (n, channels, 1, 1).
    virtual void mean(const Features& in, Features& out) const = 0;
    /// Each tile's (channels) over its L2 norm; no epsilon.
    virtual void unit_length(Features& values) const = 0;
    /// (n, in, 1, 1) to (n, out, 1, 1).
    virtual void linear(const Linear& linear, const Features& in, Features& out) const = 0;
    /// To planar features of the same size.
    virtual void project(const Projection& projection, const Features& in, Features& out) const = 0;
};

}  // namespace cytofleet
