// The device's resizing of network output and labels against the CPU twin, bit for bit.
#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/planes.hpp"
#include "kernels/resize/resize.hpp"
#include "kernels/resize/resize_cuda.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

constexpr cuda::Stream stream = nullptr;

std::vector<float> resized_there(const std::vector<float>& planes, Extent from, Extent to) {
    const auto count = static_cast<std::int64_t>(planes.size()) / from.pixels();
    const cuda::DeviceArray<float> in(stream, std::span(planes));
    cuda::DeviceArray<float> out(static_cast<std::size_t>(count * to.pixels()));
    cuda::resize_output(stream, in.data(), from, count, out.data(), to);
    return out.read(stream);
}

std::vector<std::uint32_t> resized_there(const std::vector<std::uint32_t>& labels, Extent from,
                                         Extent to) {
    const cuda::DeviceArray<std::uint32_t> in(stream, std::span(labels));
    cuda::DeviceArray<std::uint32_t> out(static_cast<std::size_t>(to.pixels()));
    cuda::resize_labels(stream, in.data(), from, out.data(), to);
    return out.read(stream);
}

std::vector<float> resized_here(const std::vector<float>& planes, Extent from, Extent to) {
    const auto in = static_cast<std::size_t>(from.pixels());
    const auto size = static_cast<std::size_t>(to.pixels());
    std::vector<float> out(planes.size() / in * size);
    for (std::size_t c = 0; c * in < planes.size(); ++c)
        resize_output({1}, std::span(planes).subspan(c * in, in), from,
                      std::span(out).subspan(c * size, size), to);
    return out;
}

std::vector<std::array<Extent, 2>> sizes() {
    return {{Extent{37, 53}, Extent{90, 71}}, {Extent{90, 71}, Extent{37, 53}},
            {Extent{2, 2}, Extent{65, 67}},   {Extent{65, 67}, Extent{1, 1}},
            {Extent{64, 50}, Extent{32, 25}}, {Extent{1, 30}, Extent{41, 43}},
            {Extent{30, 1}, Extent{11, 33}},  {Extent{1, 1}, Extent{8, 32}},
            {Extent{33, 9}, Extent{33, 31}}};
}

TEST(ResizeTwin, OddSizesOfNetworkOutput) {
    for (const auto& [from, to] : sizes()) {
        SCOPED_TRACE(testing::Message() << from.height << " x " << from.width);
        const std::vector<float> in = test::random_floats(3 * from.pixels(), 11, 500);
        const std::vector<float> wanted = resized_here(in, from, to);
        test::in_every_order([&, from = from, to = to] {
            EXPECT_TRUE(test::same_bits(resized_there(in, from, to), wanted));
        });
    }
}

TEST(ResizeTwin, OddSizesOfLabels) {
    std::vector<std::array<Extent, 2>> all = sizes();
    // Sizes where the reciprocal of the quotient tells (resize_test.cpp).
    for (const auto& [from, to] : {std::pair{14L, 18L}, {26L, 10L}, {39L, 15L}})
        all.push_back({Extent{from, 3}, Extent{to, from}});
    all.push_back({Extent{23, 40}, Extent{23, 40}});
    for (const auto& [from, to] : all) {
        SCOPED_TRACE(testing::Message() << from.height << " x " << from.width);
        std::vector<std::uint32_t> labels(static_cast<std::size_t>(from.pixels()));
        for (std::size_t i = 0; i < labels.size(); ++i)
            labels[i] = static_cast<std::uint32_t>(i * 2654435761U);
        std::vector<std::uint32_t> wanted(static_cast<std::size_t>(to.pixels()));
        resize_labels({1}, labels, from, wanted, to);
        test::in_every_order(
            [&, from = from, to = to] { EXPECT_EQ(resized_there(labels, from, to), wanted); });
    }
}

TEST(ResizeTwin, GoldenPairs) {
    std::size_t compared = 0;
    for (const test::Case& golden : test::cases("resize")) {
        SCOPED_TRACE(golden.name);
        const test::Npy input = golden.array("input");
        const test::Npy output = golden.array("output");
        const Extent from = test::extent_of(input);
        const Extent to = test::extent_of(output);
        if (input.shape.size() == 2) {
            EXPECT_EQ(resized_there(input.labels(), from, to), output.labels());
        } else if (input.shape.at(2) != 2) {
            EXPECT_TRUE(test::same_bits(resized_there(test::planes_of(input), from, to),
                                        test::planes_of(output)));
        } else {
            continue;  // network input: cut_tiles_twin_test.cpp
        }
        ++compared;
    }
    EXPECT_GT(compared, 5U);
}

TEST(ResizeTwin, GoldenNetworkOutputs) {
    std::size_t compared = 0;
    for (const test::Case& golden : test::cases("stages")) {
        if (!golden.has("net_out") || !golden.has("dP")) continue;
        SCOPED_TRACE(golden.name);
        const test::Npy small = golden.array("net_out");
        const test::Npy flows = golden.array("dP");
        const Extent from{small.shape[1], small.shape[2]};
        const Extent to{flows.shape[1], flows.shape[2]};
        if (from == to) continue;
        std::vector<float> wanted = flows.floats();
        std::ranges::copy(golden.array("cellprob").floats(), std::back_inserter(wanted));
        EXPECT_TRUE(test::same_bits(resized_there(small.floats(), from, to), wanted));
        ++compared;
    }
    EXPECT_GE(compared, 5U);
}

}  // namespace
}  // namespace cytofleet
