// What records of the network leave alone, and what leaves them alone.
#include <vector>

#include <gtest/gtest.h>

#include "gpu/tile_rig.hpp"

namespace cytofleet {
namespace {

using test::random_floats;
using test::same_bits;
using test::TileRig;

TEST(TileBatch, AnswersDoNotDependOnBatchesBefore) {
    TileRig rig(6);
    for (int round = 0; round < 3; ++round)
        for (const std::int64_t n : {6, 1, 4}) {
            const auto seed = static_cast<std::uint32_t>(10 * round + n);
            EXPECT_TRUE(same_bits(rig.ask(n, seed), TileRig(6).ask(n, seed))) << n;
        }
}

/// A record is started on the memory it was made with. What the engine hands out meanwhile must be
/// no part of it.
TEST(TileBatch, WhatIsMadeAfterARecordIsNotOverwrittenByIt) {
    TileRig rig(4);
    for (int i = 0; i < 2; ++i) rig.ask(4, 1);
    NnOps& ops = *rig.engine.ops;
    std::vector<std::vector<float>> sent;
    std::vector<Constant> made;
    const auto keep = [&](FeaturesPtr there) {
        sent.push_back(random_floats(there->n * there->channels * there->height * there->width,
                                     static_cast<std::uint32_t>(sent.size())));
        ops.upload(sent.back(), *there);
        made.push_back(std::move(there));
    };
    ops.for_pieces(4, [&](Workspace& work, std::int64_t, std::int64_t) {
        // Of the sizes that the network has, from its first level to its values per channel.
        for (std::int64_t size = TileRig::side; size > 0; size /= 2)
            for (const std::int64_t channels : {2, 3, 4, 8, 16, 32})
                for (int i = 0; i < 3; ++i) keep(work.make(4, channels, size, size));
        for (int i = 0; i < 3; ++i) keep(work.make_planar(4, 3, TileRig::side, TileRig::side));
    });
    std::vector<float> values = random_floats(32, 99);
    const Constant constant = ops.make_constant(values);

    EXPECT_TRUE(same_bits(rig.ask(4, 2), TileRig(4).ask(4, 2)));
    for (std::size_t i = 0; i < made.size(); ++i) {
        std::vector<float> back(sent[i].size());
        ops.download(*made[i], back);
        EXPECT_TRUE(same_bits(back, sent[i])) << i;
    }
    std::vector<float> back(values.size());
    ops.download(*constant, back);
    EXPECT_TRUE(same_bits(back, values));
}

}  // namespace
}  // namespace cytofleet
