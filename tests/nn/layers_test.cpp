// Layers from a checkpoint, and batch norms folded into convolutions.
#include "nn/layers.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/files.hpp"
#include "support/numbers.hpp"
#include "support/plain_convolution.hpp"
#include "weights/pickle_text.hpp"

namespace cytofleet::test {
namespace {

Weights weights_of(const std::vector<FloatTensor>& tensors) {
    const TempDir folder;
    write_file(folder / "model", legacy_file(tensors));
    return Weights(std::make_shared<const Checkpoint>(Checkpoint::load(folder / "model")));
}

TEST(BatchNorm, IsScaleAndShift) {
    const std::vector<float> gain{2, -1, 0.5F, 3};
    const std::vector<float> bias{0, 0.25F, -7, 1};
    const std::vector<float> mean{1, -3, 0, 100};
    const std::vector<float> variance{1, 4, 0, 1e6F};
    const Weights weights = weights_of({{"bn.weight", {4}, gain},
                                        {"bn.bias", {4}, bias},
                                        {"bn.running_mean", {4}, mean},
                                        {"bn.running_var", {4}, variance}});
    const Affine norm = read_batch_norm(weights / "bn", 4);
    ASSERT_EQ(norm.scale.size(), 4U);
    ASSERT_EQ(norm.shift.size(), 4U);
    for (std::size_t c = 0; c < 4; ++c) {
        const double deviation = std::sqrt(static_cast<double>(variance[c]) + 1e-5);
        EXPECT_FLOAT_EQ(norm.scale[c],
                        static_cast<float>(static_cast<double>(gain[c]) / deviation));
        for (const double x : {-2.0, 0.0, 1.5}) {
            const double wanted =
                (x - static_cast<double>(mean[c])) / deviation * static_cast<double>(gain[c]) +
                static_cast<double>(bias[c]);
            const double got =
                x * static_cast<double>(norm.scale[c]) + static_cast<double>(norm.shift[c]);
            EXPECT_NEAR(got, wanted, 1e-6 * std::max(1.0, std::abs(wanted))) << c;
        }
    }
    // A variance of 0 is where the 1e-5 shows: 0.5 / sqrt(1e-5).
    EXPECT_FLOAT_EQ(norm.scale[2], 158.11388F);
    EXPECT_TRUE(weights.unused().empty());
}

TEST(BatchNorm, MissingOrMisshapenTensorsAreNamed) {
    const Weights weights = weights_of(
        {{"bn.weight", {2}, {1, 1}}, {"bn.bias", {2}, {1, 1}}, {"bn.running_mean", {2}, {1, 1}}});
    const auto refused = [&](std::int64_t channels) -> std::string {
        try {
            read_batch_norm(weights / "bn", channels);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::model);
            return error.what();
        }
        return "";
    };
    EXPECT_NE(refused(2).find("bn.running_var"), std::string::npos) << refused(2);
    EXPECT_NE(refused(3).find("bn.weight"), std::string::npos) << refused(3);
}

TEST(ReadConvolution, KeepsTheOrderOfNumbers) {
    const std::vector<float> numbers = random_floats(2 * 3 * 9, 1);
    const Weights weights =
        weights_of({{"weight", {2, 3, 3, 3}, numbers}, {"bias", {2}, {0.5F, -4}}});
    const ConvNumbers conv = read_convolution(weights, 3, 2, 3);
    EXPECT_EQ(conv.in, 3);
    EXPECT_EQ(conv.out, 2);
    EXPECT_EQ(conv.kernel, 3);
    EXPECT_EQ(conv.weights, numbers);
    EXPECT_EQ(conv.bias, (std::vector<float>{0.5F, -4}));
    EXPECT_THROW(read_convolution(weights, 2, 3, 3), Error);
    EXPECT_THROW(read_convolution(weights, 3, 2, 1), Error);
}

TEST(ReadLinear, KeepsTheOrderOfNumbers) {
    const std::vector<float> numbers{1, 2, 3, 10, 20, 30};
    const Weights weights = weights_of({{"weight", {2, 3}, numbers}, {"bias", {2}, {0.5F, -1}}});
    const LinearNumbers linear = read_linear(weights, 3, 2);
    EXPECT_EQ(linear.in, 3);
    EXPECT_EQ(linear.out, 2);
    EXPECT_EQ(linear.weights, numbers);
    EXPECT_EQ(linear.bias, (std::vector<float>{0.5F, -1}));
    EXPECT_THROW(read_linear(weights, 2, 3), Error);
}

/// Maps of 7 x 9 through a convolution, one norm before and one behind it, in double.
class Folding : public testing::Test {
  protected:
    static constexpr std::int64_t height = 7;
    static constexpr std::int64_t width = 9;

    static std::vector<double> normed(std::vector<double> maps, const Affine& norm) {
        for (std::size_t i = 0; i < maps.size(); ++i) {
            const std::size_t c = i / static_cast<std::size_t>(height * width);
            maps[i] =
                maps[i] * static_cast<double>(norm.scale[c]) + static_cast<double>(norm.shift[c]);
        }
        return maps;
    }
    static std::vector<double> convolved(const std::vector<double>& maps, const ConvNumbers& conv) {
        std::vector<double> out =
            convolved_plainly(maps, height, width, conv.weights, conv.out, conv.kernel);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] += static_cast<double>(conv.bias[i / static_cast<std::size_t>(height * width)]);
        return out;
    }
    static ConvNumbers convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
        return {in, out, kernel, random_floats(out * in * kernel * kernel, 1),
                random_floats(out, 2)};
    }
    static Affine norm(std::int64_t channels) {
        return {random_floats(channels, 3, 2), random_floats(channels, 4, 2)};
    }
    static std::vector<double> maps(std::int64_t channels) {
        const std::vector<float> values = random_floats(channels * height * width, 5);
        return {values.begin(), values.end()};
    }
    static void expect_near(const std::vector<double>& got, const std::vector<double>& wanted) {
        ASSERT_EQ(got.size(), wanted.size());
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 2e-5) << i;
    }
};

TEST_F(Folding, TheNormBefore) {
    const ConvNumbers conv = convolution(5, 4, 1);
    expect_near(convolved(maps(5), fold_before(norm(5), conv)),
                convolved(normed(maps(5), norm(5)), conv));
}

TEST_F(Folding, TheNormBeforeIsNotTheSameWhereZerosPad) {
    EXPECT_THROW(fold_before(norm(5), convolution(5, 4, 3)), InternalError);
}

TEST_F(Folding, TheNormBehind) {
    for (const std::int64_t kernel : {1, 3}) {
        const ConvNumbers conv = convolution(5, 4, kernel);
        expect_near(convolved(maps(5), fold_after(conv, norm(4))),
                    normed(convolved(maps(5), conv), norm(4)));
    }
}

TEST(FoldingIntoLinear, TheNormOfASum) {
    const LinearNumbers linear{2, 2, {1, 2, 3, 4}, {10, 20}};
    const Affine norm{{2, -0.5F}, {100, 1000}};
    const LinearNumbers alone = fold_after(linear, norm);
    EXPECT_EQ(alone.weights, (std::vector<float>{2, 4, -1.5F, -2}));
    EXPECT_EQ(alone.bias, (std::vector<float>{120, 990}));
    const std::vector<float> more{1, 2};
    const LinearNumbers summed = fold_after(linear, norm, more);
    EXPECT_EQ(summed.weights, alone.weights);
    EXPECT_EQ(summed.bias, (std::vector<float>{122, 989}));
}

TEST(FoldingIntoLinear, IsInDouble) {
    // 3 * (2^24 + 1) - 3 * 2^24 in float would lose the 3.
    const LinearNumbers linear{1, 1, {1}, {16777216}};
    const std::vector<float> one{1};
    EXPECT_EQ(fold_after(linear, {{3}, {-50331648}}, one).bias, std::vector<float>{3});
}

}  // namespace
}  // namespace cytofleet::test
