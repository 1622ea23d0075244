#include "models/cellpose/blocks.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t size = 3;  // of every kernel but proj's

/// scale * value + shift, per channel.
std::vector<float> through(const Affine& norm, std::vector<float> values) {
    for (std::size_t c = 0; c < values.size(); ++c)
        values[c] = norm.scale[c] * values[c] + norm.shift[c];
    return values;
}

std::vector<float> sum(std::vector<float> values, const std::vector<float>& more) {
    for (std::size_t c = 0; c < values.size(); ++c) values[c] += more[c];
    return values;
}

}  // namespace

ResidualDown::ResidualDown(const NnOps& ops, const Weights& weights, std::int64_t in,
                           std::int64_t out)
    : out_(out) {
    const Weights conv = weights / "conv";
    const auto norm = [&](const char* name, std::int64_t channels) {
        return read_batch_norm(conv / name / "0", channels);
    };
    const auto numbers = [&](const char* name, std::int64_t from) {
        return read_convolution(conv / name / "2", from, out, size);
    };
    norm_0_ = norm("conv_0", in);
    norm_2_ = norm("conv_2", out);
    conv_0_ = ops.make_convolution(fold_after(numbers("conv_0", in), norm("conv_1", out)));
    conv_1_ = ops.make_convolution(numbers("conv_1", out));
    conv_2_ = ops.make_convolution(fold_after(numbers("conv_2", out), norm("conv_3", out)));
    conv_3_ = ops.make_convolution(numbers("conv_3", out));
    const Weights proj = weights / "proj";
    proj_ = ops.make_convolution(
        fold_before(read_batch_norm(proj / "0", in), read_convolution(proj / "1", in, out, 1)));
}

FeaturesPtr ResidualDown::operator()(const NnOps& ops, Workspace& work, const Features& x) const {
    FeaturesPtr inner = work.make(x.n, out_, x.height, x.width);
    FeaturesPtr y = work.make(x.n, out_, x.height, x.width);
    ops.convolve(work, *proj_, x, nullptr, *y, {});
    ops.convolve(work, *conv_0_, x, &norm_0_, *inner, {.relu = true});
    ops.convolve(work, *conv_1_, *inner, nullptr, *y, {.add = y.get()});
    ops.convolve(work, *conv_2_, *y, &norm_2_, *inner, {.relu = true});
    ops.convolve(work, *conv_3_, *inner, nullptr, *y, {.add = y.get()});
    return y;
}

ResidualUp::ResidualUp(const NnOps& ops, const Weights& weights, std::int64_t in, std::int64_t out,
                       std::int64_t style, Sampling sampling)
    : out_(out) {
    const Weights conv = weights / "conv";
    norm_0_ = read_batch_norm(conv / "conv_0" / "0", in);
    norm_1_ = read_batch_norm(conv / "conv_1" / "conv" / "0", out);
    norm_2_ = read_batch_norm(conv / "conv_2" / "conv" / "0", out);
    norm_3_ = read_batch_norm(conv / "conv_3" / "conv" / "0", out);
    const auto styled = [&](const char* name) {
        return read_convolution(conv / name / "conv" / "2", out, out, size);
    };
    const auto full = [&](const char* name) {
        return read_linear(conv / name / "full", style, out);
    };
    full_1_ = full("conv_1");
    full_2_ = full("conv_2");
    full_3_ = full("conv_3");
    // Only the scale: the shift goes with skip and style, which differ from tile to tile.
    const Affine scale_1{norm_1_.scale, std::vector<float>(norm_1_.scale.size())};
    const Affine scale_3{norm_3_.scale, std::vector<float>(norm_3_.scale.size())};
    ConvNumbers first = fold_after(read_convolution(conv / "conv_0" / "2", in, out, size), scale_1);
    bias_0_ = first.bias;
    conv_0_ = ops.make_convolution(std::move(first), sampling);
    conv_1_ = ops.make_convolution(styled("conv_1"));
    ConvNumbers second = fold_after(styled("conv_2"), scale_3);
    bias_2_ = second.bias;
    conv_2_ = ops.make_convolution(std::move(second));
    conv_3_ = ops.make_convolution(styled("conv_3"));
    const Weights proj = weights / "proj";
    proj_ = ops.make_convolution(
        fold_before(read_batch_norm(proj / "0", in), read_convolution(proj / "1", in, out, 1)));
}

FeaturesPtr ResidualUp::operator()(const NnOps& ops, Workspace& work, const Features& x,
                                   const Features& skip, std::span<const float> style) const {
    FeaturesPtr inner = work.make(skip.n, out_, skip.height, skip.width);
    FeaturesPtr y = work.make(skip.n, out_, skip.height, skip.width);
    const auto bias_0 = sum(bias_0_, through(norm_1_, full_1_(style)));
    ops.convolve(work, *conv_0_, x, &norm_0_, *inner,
                 {.bias = bias_0, .add = &skip, .add_scale = norm_1_.scale, .relu = true});
    {
        FeaturesPtr projected = work.make(x.n, out_, x.height, x.width);
        ops.convolve(work, *proj_, x, nullptr, *projected, {});
        ops.convolve(work, *conv_1_, *inner, nullptr, *y, {.add = projected.get()});
    }
    const Affine norm_2{norm_2_.scale, through(norm_2_, full_2_(style))};
    const auto bias_2 = sum(bias_2_, through(norm_3_, full_3_(style)));
    ops.convolve(work, *conv_2_, *y, &norm_2, *inner, {.bias = bias_2, .relu = true});
    ops.convolve(work, *conv_3_, *inner, nullptr, *y, {.add = y.get()});
    return y;
}

}  // namespace cytofleet
