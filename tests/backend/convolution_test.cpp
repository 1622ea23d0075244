// Convolutions with all that can surround them, against the definition in double.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "backend/maps.hpp"
#include "base/error.hpp"
#include "support/numbers.hpp"
#include "support/plain_convolution.hpp"

namespace cytofleet::test {
namespace {

/// Of outputs that are about 1, from inputs that are about 1.
constexpr double most_error = 2e-5;

enum class Add { nothing, other, scaled, itself, itself_scaled, upsampled, upsampled_scaled };

struct Problem {
    std::int64_t in;
    std::int64_t out;
    std::int64_t kernel;
    std::int64_t height;  ///< of the output
    std::int64_t width;
    Sampling sampling = Sampling::same;
    bool planar_input = false;
    bool activation = false;
    Add add = Add::nothing;
    bool other_bias = false;
    bool relu = false;

    std::int64_t shrink() const { return sampling == Sampling::doubled ? 2 : 1; }
    bool in_place() const { return add == Add::itself || add == Add::itself_scaled; }
    bool upsampled() const { return add == Add::upsampled || add == Add::upsampled_scaled; }
    bool scaled() const {
        return add == Add::scaled || add == Add::itself_scaled || add == Add::upsampled_scaled;
    }
    std::string name() const {
        return fmt::format(
            "{0} x {0}, {1} to {2} channels, {3} x {4}, shrink {5}, planar {6}, activation {7}, "
            "add {8}, bias {9}, relu {10}",
            kernel, in, out, height, width, shrink(), planar_input, activation,
            static_cast<int>(add), other_bias, relu);
    }
};

struct Numbers {
    explicit Numbers(const Problem& p)
        : in(random_planes(p.in, p.height / p.shrink(), p.width / p.shrink(), 1)),
          conv(random_convolution(p.in, p.out, p.kernel, 2)),
          activation{random_floats(p.in, 4, 2), random_floats(p.in, 5, 2)},
          add(random_planes(p.out, p.height / (p.upsampled() ? 2 : 1),
                            p.width / (p.upsampled() ? 2 : 1), 6)),
          add_scale(random_floats(p.out, 7, 2)),
          other_bias(random_floats(p.out, 8, 2)) {}
    Planes in;
    ConvNumbers conv;
    Affine activation;
    Planes add;
    std::vector<float> add_scale;
    std::vector<float> other_bias;
};

std::vector<double> wanted_of(const Problem& p, const Numbers& numbers) {
    std::vector<double> in(numbers.in.values.begin(), numbers.in.values.end());
    const auto in_pixels = static_cast<std::size_t>(numbers.in.height * numbers.in.width);
    if (p.activation)
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] =
                std::max(0.0, in[i] * static_cast<double>(numbers.activation.scale[i / in_pixels]) +
                                  static_cast<double>(numbers.activation.shift[i / in_pixels]));
    if (p.sampling == Sampling::doubled)
        in = upsampled_plainly(in, numbers.in.height, numbers.in.width);
    std::vector<double> out =
        convolved_plainly(in, p.height, p.width, numbers.conv.weights, p.out, p.kernel);
    std::vector<double> add(numbers.add.values.begin(), numbers.add.values.end());
    if (p.upsampled()) add = upsampled_plainly(add, numbers.add.height, numbers.add.width);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t c = i / static_cast<std::size_t>(p.height * p.width);
        out[i] += static_cast<double>((p.other_bias ? numbers.other_bias : numbers.conv.bias)[c]);
        if (p.add != Add::nothing)
            out[i] += add[i] * (p.scaled() ? static_cast<double>(numbers.add_scale[c]) : 1.0);
        if (p.relu) out[i] = std::max(0.0, out[i]);
    }
    return out;
}

std::vector<float> run(const Problem& p, const Numbers& numbers, NnOps& ops, Workspace& work) {
    const auto conv = ops.make_convolution(numbers.conv, p.sampling);
    const FeaturesPtr in =
        p.planar_input ? planar(ops, work, numbers.in) : laid_out(ops, work, numbers.in);
    const FeaturesPtr add = p.add == Add::nothing ? nullptr : laid_out(ops, work, numbers.add);
    const FeaturesPtr fresh = work.make(1, p.out, p.height, p.width);
    Features& out = p.in_place() ? *add : *fresh;
    // What the network keeps, and what each tile has of its own.
    const Constant scale = ops.make_constant(numbers.activation.scale);
    const Constant add_scale = ops.make_constant(numbers.add_scale);
    const FeaturesPtr shift = values_of_tile(ops, work, numbers.activation.shift);
    const FeaturesPtr bias = values_of_tile(ops, work, numbers.other_bias);
    Activation activation;
    if (p.activation) activation = {scale.get(), shift.get()};
    Epilogue epilogue;
    epilogue.add = add.get();
    if (p.scaled()) epilogue.add_scale = add_scale.get();
    if (p.other_bias) epilogue.bias = bias.get();
    epilogue.relu = p.relu;
    ops.convolve(work, *conv, *in, activation, out, epilogue);
    return read_back(ops, out).values;
}

/// With every instruction set: SSE4 has no Winograd kernels, so that oneDNN does it all.
class Convolutions : public testing::Test {
  protected:
    void check(const Problem& p) {
        const Numbers numbers(p);
        const std::vector<double> wanted = wanted_of(p, numbers);
        for_every_backend(1, [&](const std::string& simd, NnOps& ops, Workspace& work) {
            const std::vector<float> got = run(p, numbers, ops, work);
            ASSERT_EQ(got.size(), wanted.size());
            double worst = 0;
            for (std::size_t i = 0; i < got.size(); ++i)
                worst = std::max(worst, std::abs(static_cast<double>(got[i]) - wanted[i]));
            EXPECT_LE(worst, most_error) << p.name() << " by " << simd;
            worst_ = std::max(worst_, worst);
        });
    }
    void TearDown() override { RecordProperty("largest error", fmt::format("{:.2e}", worst_)); }

  private:
    double worst_ = 0;
};

constexpr std::int64_t channels[] = {1, 2, 3, 16, 20, 32, 48};
/// Even, as an upsampled map needs; none but the first two a multiple of 4 both ways.
constexpr std::int64_t sizes[][2] = {{16, 20}, {24, 16}, {22, 18}, {18, 30}, {26, 16}, {16, 46}};

TEST_F(Convolutions, OfAllChannels) {
    std::size_t turn = 0;
    for (const std::int64_t kernel : {1, 3})
        for (const std::int64_t in : channels)
            for (const std::int64_t out : channels) {
                const auto [height, width] = sizes[turn++ % std::size(sizes)];
                check({in, out, kernel, height, width});
            }
}

TEST_F(Convolutions, OfUpsampledMaps) {
    std::size_t turn = 0;
    for (const std::int64_t kernel : {1, 3})
        for (const std::int64_t in : {3, 16, 48})
            for (const std::int64_t out : channels) {
                const auto [height, width] = sizes[turn++ % std::size(sizes)];
                check({in, out, kernel, height, width, Sampling::doubled});
            }
}

TEST_F(Convolutions, OfPlanarMaps) {
    // The first layers: few channels, read as they come.
    for (const std::int64_t kernel : {1, 3})
        for (const std::int64_t in : {1, 2})
            for (const std::int64_t out : {1, 16, 32, 48})
                for (const bool activation : {false, true})
                    check({in, out, kernel, 22, 46, Sampling::same, true, activation});
}

TEST_F(Convolutions, OfOddSizes) {
    for (const std::int64_t kernel : {1, 3}) {
        check({20, 32, kernel, 17, 19});
        check({32, 3, kernel, 33, 67});
        check({16, 16, kernel, 80, 77});
        check({16, 48, kernel, 80, 66, Sampling::doubled});
    }
}

TEST_F(Convolutions, WithEverythingAround) {
    int turn = 0;
    for (const std::int64_t kernel : {1, 3})
        for (const Sampling sampling : {Sampling::same, Sampling::doubled})
            for (const Add add : {Add::nothing, Add::other, Add::scaled, Add::itself,
                                  Add::itself_scaled, Add::upsampled, Add::upsampled_scaled})
                for (const bool relu : {false, true})
                    for (const bool activation : {false, true}) {
                        // Bias and channels take turns.
                        const bool other_bias = ++turn % 3 != 0;
                        const std::int64_t in = turn % 2 == 0 ? 20 : 32;
                        check({in, 20, kernel, 18, 26, sampling, false, activation, add, other_bias,
                               relu});
                    }
}

TEST_F(Convolutions, RefuseMapsThatDoNotFit) {
    for_every_backend(1, [&](const std::string&, NnOps& ops, Workspace& work) {
        const auto same = ops.make_convolution(random_convolution(16, 8, 3, 1));
        const auto doubled =
            ops.make_convolution(random_convolution(16, 8, 3, 1), Sampling::doubled);
        const auto refused = [&](const Convolution& conv, std::int64_t in, std::int64_t out,
                                 std::int64_t in_size, std::int64_t out_size) {
            const FeaturesPtr from = work.make(1, in, in_size, in_size);
            const FeaturesPtr to = work.make(1, out, out_size, out_size);
            EXPECT_THROW(ops.convolve(work, conv, *from, {}, *to, {}), InternalError);
        };
        refused(*same, 17, 8, 10, 10);
        refused(*same, 16, 9, 10, 10);
        refused(*same, 16, 8, 10, 20);
        refused(*doubled, 16, 8, 10, 10);
        refused(*doubled, 16, 8, 20, 10);
    });
}

TEST_F(Convolutions, RefuseSurroundingsThatDoNotFit) {
    for_every_backend(1, [&](const std::string&, NnOps& ops, Workspace& work) {
        const auto conv = ops.make_convolution(random_convolution(16, 8, 3, 1));
        const FeaturesPtr from = laid_out(ops, work, random_planes(16, 10, 10, 1));
        const FeaturesPtr to = work.make(1, 8, 10, 10);
        const auto in = ops.make_constant(random_floats(16, 2));
        const auto out = ops.make_constant(random_floats(8, 3));
        const auto refused = [&](const Activation& activation, const Epilogue& epilogue) {
            EXPECT_THROW(ops.convolve(work, *conv, *from, activation, *to, epilogue),
                         InternalError);
        };
        EXPECT_NO_THROW(ops.convolve(work, *conv, *from, {in.get(), in.get()}, *to,
                                     {.bias = out.get(), .add = to.get(), .add_scale = out.get()}));
        refused({in.get(), nullptr}, {});
        refused({nullptr, in.get()}, {});
        refused({out.get(), in.get()}, {});
        refused({in.get(), out.get()}, {});
        refused({}, {.bias = in.get()});
        refused({}, {.add = to.get(), .add_scale = in.get()});
        refused({}, {.add = from.get()});
        const FeaturesPtr third = work.make(1, 8, 3, 3);
        refused({}, {.add = third.get()});
        const FeaturesPtr half_one_way = work.make(1, 8, 10, 5);
        refused({}, {.add = half_one_way.get()});
        refused({}, {.bias = to.get()});
    });
}

}  // namespace
}  // namespace cytofleet::test
