// What a network will ask for is known, and compiled, before it runs.
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/cuda_ops.hpp"
#include "models/cellpose/cuda/network_kernels.hpp"
#include "models/cellpose/network.hpp"
#include "models/golden_model.hpp"
#include "support/numbers.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::int64_t side = 16;

void run(CpNet& net, std::int64_t n) {
    const std::vector<float> tiles = test::random_floats(n * net.channels_in() * side * side, 5);
    std::vector<float> out(static_cast<std::size_t>(n * network_outputs * side * side));
    std::vector<float> styles(static_cast<std::size_t>(n * net.style_size()));
    net(tiles, n, side, side, out, styles);
}

class ConvSurveyTest : public testing::TestWithParam<Precision> {};

TEST_P(ConvSurveyTest, AfterItNothingIsLeftToCompile) {
    const Weights weights = test::weights_of("cyto_mini");
    const auto kernels = open_conv_kernels(0, {});
    kernels->prepare(survey_network(weights, GetParam(), {side, side}), 2);
    const std::int64_t ready = kernels->counts().compiled;
    if (GetParam() == Precision::fp16) {
        EXPECT_GT(ready, 0) << "fp16 is fused on every device";
    }
    // Two sets of operations, as many batches: a form is compiled once for all of them.
    for (const std::int64_t n : {1, 3}) {
        CpNet net(make_cuda_ops(GetParam(), nullptr, kernels), weights);
        run(net, n);
    }
    EXPECT_EQ(kernels->counts().compiled, ready);
}

TEST_P(ConvSurveyTest, TellsEachConvolutionOnce) {
    const Weights weights = test::weights_of("cyto_mini");
    const auto wanted = survey_network(weights, GetParam(), {224, 224});
    EXPECT_GE(wanted.size(), 20U);
    for (std::size_t i = 1; i < wanted.size(); ++i) EXPECT_LT(wanted[i - 1], wanted[i]);
    for (const WantedConvolution& each : wanted) EXPECT_EQ(each.shape.precision, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Precisions, ConvSurveyTest,
                         testing::Values(Precision::fp32, Precision::tf32, Precision::fp16),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace cytofleet::cuda
