#include "models/cellpose/blocks.hpp"

#include <utility>
#include <vector>

namespace cytofleet {
namespace {

constexpr std::int64_t size = 3;  // of every kernel but proj's

/// Only the scale: the shift goes with skip and style, which differ from tile to tile.
ConvNumbers scale_after(ConvNumbers conv, const Affine& norm) {
    return fold_after(std::move(conv), {norm.scale, std::vector<float>(norm.scale.size())});
}

}  // namespace

NormRelu::NormRelu(const NnOps& ops, const Affine& norm)
    : scale_(ops.make_constant(norm.scale)), shift_(ops.make_constant(norm.shift)) {}

ResidualDown::ResidualDown(const NnOps& ops, const Weights& weights, std::int64_t in,
                           std::int64_t out)
    : out_(out),
      norm_0_(ops, read_batch_norm(weights / "conv" / "conv_0" / "0", in)),
      norm_2_(ops, read_batch_norm(weights / "conv" / "conv_2" / "0", out)) {
    const Weights conv = weights / "conv";
    const auto norm = [&](const char* name) { return read_batch_norm(conv / name / "0", out); };
    const auto numbers = [&](const char* name, std::int64_t from) {
        return read_convolution(conv / name / "2", from, out, size);
    };
    conv_0_ = ops.make_convolution(fold_after(numbers("conv_0", in), norm("conv_1")));
    conv_1_ = ops.make_convolution(numbers("conv_1", out));
    conv_2_ = ops.make_convolution(fold_after(numbers("conv_2", out), norm("conv_3")));
    conv_3_ = ops.make_convolution(numbers("conv_3", out));
    const Weights proj = weights / "proj";
    proj_ = ops.make_convolution(
        fold_before(read_batch_norm(proj / "0", in), read_convolution(proj / "1", in, out, 1)));
}

FeaturesPtr ResidualDown::operator()(const NnOps& ops, Workspace& work, const Features& x,
                                     const Activation& next) const {
    FeaturesPtr inner = work.make(x.n, out_, x.height, x.width);
    FeaturesPtr y = work.make(x.n, out_, x.height, x.width);
    ops.convolve(work, *proj_, x, {}, *y, {});
    ops.convolve(work, *conv_0_, x, norm_0_.activation(), *inner, {.relu = true});
    ops.convolve(work, *conv_1_, *inner, {}, *y, {.add = y.get(), .next = norm_2_.activation()});
    ops.convolve(work, *conv_2_, *y, norm_2_.activation(), *inner, {.relu = true});
    ops.convolve(work, *conv_3_, *inner, {}, *y, {.add = y.get(), .next = next});
    return y;
}

ResidualUp::ResidualUp(const NnOps& ops, const Weights& weights, std::int64_t in, std::int64_t out,
                       std::int64_t style, Sampling sampling)
    : out_(out),
      sampling_(sampling),
      norm_0_(ops, read_batch_norm(weights / "conv" / "conv_0" / "0", in)) {
    const Weights conv = weights / "conv";
    const auto norm = [&](const char* name) {
        return read_batch_norm(conv / name / "conv" / "0", out);
    };
    const auto numbers = [&](const char* name) {
        return read_convolution(conv / name / "conv" / "2", out, out, size);
    };
    const auto full = [&](const char* name) {
        return read_linear(conv / name / "full", style, out);
    };
    const Affine norm_1 = norm("conv_1");
    const Affine norm_2 = norm("conv_2");
    const Affine norm_3 = norm("conv_3");
    ConvNumbers first = read_convolution(conv / "conv_0" / "2", in, out, size);
    ConvNumbers second = numbers("conv_2");
    bias_0_ = ops.make_linear(fold_after(full("conv_1"), norm_1, first.bias));
    shift_2_ = ops.make_linear(fold_after(full("conv_2"), norm_2));
    bias_2_ = ops.make_linear(fold_after(full("conv_3"), norm_3, second.bias));
    scale_1_ = ops.make_constant(norm_1.scale);
    scale_2_ = ops.make_constant(norm_2.scale);
    conv_0_ = ops.make_convolution(scale_after(std::move(first), norm_1), sampling);
    conv_1_ = ops.make_convolution(numbers("conv_1"));
    conv_2_ = ops.make_convolution(scale_after(std::move(second), norm_3));
    conv_3_ = ops.make_convolution(numbers("conv_3"));
    const Weights proj = weights / "proj";
    proj_ = ops.make_convolution(
        fold_before(read_batch_norm(proj / "0", in), read_convolution(proj / "1", in, out, 1)));
}

FeaturesPtr ResidualUp::operator()(const NnOps& ops, Workspace& work, const Features& x,
                                   const Features& skip, const Features& style) const {
    const auto styled = [&](const Linear& linear) {
        FeaturesPtr values = work.make(style.n, out_, 1, 1);
        ops.linear(linear, style, *values);
        return values;
    };
    FeaturesPtr inner = work.make(skip.n, out_, skip.height, skip.width);
    FeaturesPtr y = work.make(skip.n, out_, skip.height, skip.width);
    const FeaturesPtr bias_0 = styled(*bias_0_);
    ops.convolve(work, *conv_0_, x, norm_0_.activation(), *inner,
                 {.bias = bias_0.get(), .add = &skip, .add_scale = scale_1_.get(), .relu = true});
    const FeaturesPtr shift_2 = styled(*shift_2_);
    const Activation norm_2{scale_2_.get(), shift_2.get()};
    {
        FeaturesPtr projected = work.make(x.n, out_, x.height, x.width);
        ops.convolve(work, *proj_, x, {}, *projected, {});
        ops.convolve(work, *conv_1_, *inner, {}, *y, {.add = projected.get(), .next = norm_2});
    }
    const FeaturesPtr bias_2 = styled(*bias_2_);
    ops.convolve(work, *conv_2_, *y, norm_2, *inner, {.bias = bias_2.get(), .relu = true});
    ops.convolve(work, *conv_3_, *inner, {}, *y, {.add = y.get()});
    return y;
}

}  // namespace cytofleet
