// The network on Python's own input: every block, the style and the output; and that neither batch
// nor threads show in its numbers.
#include "models/cellpose/network.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/cpu_ops.hpp"
#include "kernels/planes.hpp"
#include "models/golden_model.hpp"
#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet {
namespace {

using test::expect_within;

constexpr double bar = 1e-4;

std::vector<float> planes_of(const NnOps& ops, const Features& maps) {
    std::vector<float> out(
        static_cast<std::size_t>(maps.n * maps.channels * maps.height * maps.width));
    ops.download(maps, out);
    return out;
}

struct Answer {
    std::vector<float> output;
    std::vector<float> styles;
};

Answer ask(CpNet& net, std::span<const float> tiles, std::int64_t n, std::int64_t h,
           std::int64_t w) {
    Answer out{std::vector<float>(static_cast<std::size_t>(3 * n * h * w)),
               std::vector<float>(static_cast<std::size_t>(n * net.style_size()))};
    net(tiles, n, h, w, out.output, out.styles);
    return out;
}

TEST(Network, GoldenBlocks) {
    for (const test::Case& golden : test::cases("network")) {
        const std::string name = "network/" + golden.name;
        CpNet net(make_cpu_ops(1), test::weights_of(golden.json.at("model").get<std::string>()));
        std::map<std::string, std::vector<float>> blocks;
        net.watch([&](const std::string& block, std::int64_t first, const NnOps& ops,
                      const Features& out) {
            const std::vector<float> planes = planes_of(ops, out);
            auto& all = blocks[block];
            EXPECT_EQ(all.size() * static_cast<std::size_t>(out.n),
                      planes.size() * static_cast<std::size_t>(first));
            all.insert(all.end(), planes.begin(), planes.end());
        });
        const test::Npy tiles = golden.array("tile");
        const Answer got =
            ask(net, tiles.floats(), tiles.shape.at(0), tiles.shape.at(2), tiles.shape.at(3));
        for (const auto& [array, file] : golden.json.at("files").items())
            if (array.starts_with("res_"))
                expect_within(name, array, blocks[array], golden.array(array).floats(), bar);
        EXPECT_EQ(blocks.size(), 8U);
        expect_within(name, "style", got.styles, golden.array("style").floats(), bar);
        expect_within(name, "output", got.output, golden.array("output").floats(), bar);
    }
}

TEST(Network, NeitherBatchNorThreadsShow) {
    constexpr std::int64_t count = 5;
    constexpr std::int64_t side = 80;
    const Weights weights = test::weights_of("cyto_mini");
    CpNet alone(make_cpu_ops(1), weights);
    const std::vector<float> tiles = test::random_floats(count * 2 * side * side, 31);
    Answer wanted;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto each = static_cast<std::size_t>(2 * side * side);
        const Answer one =
            ask(alone, std::span(tiles).subspan(static_cast<std::size_t>(i) * each, each), 1, side,
                side);
        wanted.output.insert(wanted.output.end(), one.output.begin(), one.output.end());
        wanted.styles.insert(wanted.styles.end(), one.styles.begin(), one.styles.end());
    }
    for (const int threads : {1, 2, 3, 7}) {
        CpNet net(make_cpu_ops(threads), weights);
        const Answer got = ask(net, tiles, count, side, side);
        EXPECT_TRUE(test::same_bits(got.output, wanted.output)) << threads << " threads";
        EXPECT_TRUE(test::same_bits(got.styles, wanted.styles)) << threads << " threads";
    }
}

}  // namespace
}  // namespace cytofleet
