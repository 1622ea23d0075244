#include "models/cellpose/network.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/cellpose/blocks.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t largest_width = 4096;  // channels; Cellpose has 256

[[noreturn]] void refuse(const Weights& weights, const std::string& what) {
    throw Error(ErrorKind::model, fmt::format("{}: {}", show(weights.checkpoint().path()), what));
}

/// Input channels, then those of each stage, from the shapes of the down blocks' first
/// convolutions.
std::vector<std::int64_t> read_widths(const Weights& weights) {
    if (weights.has("W2"))
        refuse(weights,
               "is a Cellpose 4 (Cellpose-SAM) checkpoint; cytofleet runs Cellpose 3 models "
               "so far");
    if (weights.has("output.2.weight") && weights.get("output.2.weight").shape().rank() == 4 &&
        weights.get("output.2.weight").shape()[0] != network_outputs)
        refuse(weights,
               fmt::format("has {} outputs instead of 3 (two flows and a probability); it is "
                           "no segmentation model",
                           weights.get("output.2.weight").shape()[0]));
    const Weights down = weights / "downsample" / "down";
    std::vector<std::int64_t> widths;
    for (int n = 0;; ++n) {
        const std::string name = fmt::format("res_down_{}.conv.conv_0.2.weight", n);
        if (n > 0 && !down.has(name)) break;
        const Shape& shape = down.get(name).shape();
        if (shape.rank() != 4 || shape[0] < 1 || shape[1] < 1 || shape[0] > largest_width ||
            shape[1] > largest_width)
            refuse(weights,
                   fmt::format("tensor downsample.down.{} has shape {}; this is no Cellpose 3 "
                               "checkpoint, or a damaged one",
                               name, shape.text()));
        if (n == 0) widths.push_back(shape[1]);
        widths.push_back(shape[0]);
    }
    return widths;
}

}  // namespace

struct CpNet::Layers {
    std::shared_ptr<NnOps> ops;
    std::vector<std::int64_t> widths;
    std::vector<ResidualDown> down;
    std::vector<ResidualUp> up;  ///< by stage: up[0] is the last to run
    std::shared_ptr<Projection> output;
    BlockWatcher watcher;

    void show_block(const char* kind, std::size_t n, std::int64_t first,
                    const Features& out) const {
        if (watcher) watcher(fmt::format("res_{}_{}", kind, n), first, *ops, out);
    }

    /// What is asked of a down block's result where it is not pooled first.
    Activation after(std::size_t n) const {
        return n + 1 == down.size() ? up.back().activation() : Activation{};
    }
    FeaturesPtr first_block(Workspace& work, const Features& tiles) const {
        return down[0](*ops, work, tiles, after(0));
    }

    /// Tiles [first, first + count) of the host's.
    void run(Workspace& work, std::int64_t first, std::int64_t count, std::span<const float> tiles,
             std::int64_t h, std::int64_t w, std::span<float> out, std::span<float> styles) const {
        FeaturesPtr begin;
        {
            const FeaturesPtr x = work.make_planar(count, widths[0], h, w);
            ops->upload(tiles, *x);
            begin = first_block(work, *x);
        }
        const FeaturesPtr planes = work.make_planar(count, network_outputs, h, w);
        const FeaturesPtr style = run_on(work, first, std::move(begin), *planes);
        ops->download(*style, styles);
        ops->download(*planes, out);
    }

    /// From the first block's features to the network's planes. Returns the styles; `first` is for
    /// the watcher.
    FeaturesPtr run_on(Workspace& work, std::int64_t first, FeaturesPtr begin,
                       Features& planes) const {
        show_block("down", 0, first, *begin);
        std::vector<FeaturesPtr> skips;
        skips.push_back(std::move(begin));
        for (std::size_t n = 1; n < down.size(); ++n) {
            const Features& before = *skips.back();
            FeaturesPtr x =
                work.make(before.n, before.channels, before.height / 2, before.width / 2);
            ops->max_pool(before, *x, down[n].activation());
            skips.push_back(down[n](*ops, work, *x, after(n)));
            show_block("down", n, first, *skips.back());
        }
        FeaturesPtr style = work.make(planes.n, widths.back(), 1, 1);
        ops->mean(*skips.back(), *style);
        ops->unit_length(*style);
        FeaturesPtr y;
        for (std::size_t n = up.size(); n-- > 0;) {
            y = up[n](*ops, work, y ? *y : *skips.back(), *skips[n], *style);
            show_block("up", n, first, *y);
            if (n + 1 < skips.size()) skips.resize(n + 1);
        }
        ops->project(*output, *y, planes);
        return style;
    }
};

CpNet::CpNet(std::shared_ptr<NnOps> ops, const Weights& weights)
    : layers_(std::make_unique<Layers>()) {
    Layers& l = *layers_;
    l.ops = std::move(ops);
    l.widths = read_widths(weights);
    const auto stages = static_cast<std::int64_t>(l.widths.size()) - 1;
    const std::int64_t style = l.widths.back();
    for (std::int64_t n = 0; n < stages; ++n) {
        const auto width = [&](std::int64_t stage) {
            return l.widths[static_cast<std::size_t>(std::min(stage, stages))];
        };
        l.down.emplace_back(*l.ops, weights / "downsample" / "down" / fmt::format("res_down_{}", n),
                            width(n), width(n + 1));
        l.up.emplace_back(*l.ops, weights / "upsample" / "up" / fmt::format("res_up_{}", n),
                          width(n + 2), width(n + 1), style,
                          n + 1 == stages ? Sampling::same : Sampling::doubled);
    }
    l.output = l.ops->make_projection(
        read_batch_norm(weights / "output" / "0", l.widths[1]),
        read_convolution(weights / "output" / "2", l.widths[1], network_outputs, 1));
}

CpNet::~CpNet() = default;
CpNet::CpNet(CpNet&&) noexcept = default;

std::int64_t CpNet::channels_in() const {
    return layers_->widths.front();
}
std::vector<std::int64_t> CpNet::widths() const {
    return layers_->widths;
}
std::int64_t CpNet::style_size() const {
    return layers_->widths.back();
}

NnOps& CpNet::ops() const {
    return *layers_->ops;
}

void CpNet::forward(Workspace& work, const Features& tiles, Features& out) const {
    ensure(tiles.height % 16 == 0 && tiles.width % 16 == 0, "tile sizes are multiples of 16");
    ensure(tiles.channels == channels_in() && out.channels == network_outputs && out.n == tiles.n &&
               out.height == tiles.height && out.width == tiles.width,
           "output and tiles have one size");
    layers_->run_on(work, 0, layers_->first_block(work, tiles), out);
}

void CpNet::watch(BlockWatcher watcher) {
    layers_->watcher = std::move(watcher);
}

void CpNet::operator()(std::span<const float> tiles, std::int64_t n, std::int64_t h, std::int64_t w,
                       std::span<float> out, std::span<float> styles) {
    const std::int64_t pixels = h * w;
    const std::int64_t style = style_size();
    ensure(h > 0 && w > 0 && h % 16 == 0 && w % 16 == 0, "tile sizes are multiples of 16");
    ensure(static_cast<std::int64_t>(tiles.size()) == n * channels_in() * pixels &&
               static_cast<std::int64_t>(out.size()) == n * network_outputs * pixels &&
               static_cast<std::int64_t>(styles.size()) == n * style,
           "tiles, output and styles have n entries");
    const auto part = [](auto whole, std::int64_t first, std::int64_t count, std::int64_t each) {
        return whole.subspan(static_cast<std::size_t>(first * each),
                             static_cast<std::size_t>(count * each));
    };
    layers_->ops->for_pieces(n, [&](Workspace& work, std::int64_t first, std::int64_t count) {
        layers_->run(work, first, count, part(tiles, first, count, channels_in() * pixels), h, w,
                     part(out, first, count, network_outputs * pixels),
                     part(styles, first, count, style));
    });
}

}  // namespace cytofleet
