// What the doctor makes of the facts of many ranks.
#include <numeric>

#include <gtest/gtest.h>

#include "app/doctor/finding.hpp"
#include "app/doctor/rank_facts.hpp"
#include "base/error.hpp"

namespace cytofleet {
namespace {

/// Two hosts with two ranks each, each rank bound to four cores of eight.
std::vector<RankFacts> healthy() {
    std::vector<RankFacts> out(4);
    for (std::int32_t rank = 0; rank < 4; ++rank) {
        RankFacts& facts = out[static_cast<std::size_t>(rank)];
        facts.host = rank < 2 ? "alpha" : "beta";
        facts.node_rank = rank % 2;
        facts.node_size = 2;
        facts.cores.resize(4);
        std::iota(facts.cores.begin(), facts.cores.end(), 4 * (rank % 2));
        facts.online = 8;
        facts.memory = 32'000'000'000;
        facts.open_files = 1024;
        facts.file_size = ~std::uint64_t{0};
        facts.version = "1.0";
    }
    return out;
}

Finding finding(const std::vector<RankFacts>& facts, const std::string& what) {
    for (const Finding& one : judge_ranks(facts))
        if (one.what == what) return one;
    return {Health::fail, what, "nothing is said", {}};
}

TEST(Doctor, FindsNothingWrongWithAHealthyRun) {
    for (const Finding& one : judge_ranks(healthy())) {
        EXPECT_EQ(one.health, Health::ok) << one.what << ": " << one.found;
        EXPECT_TRUE(one.remedy.empty());
    }
    EXPECT_NE(finding(healthy(), "ranks per host").found.find("alpha x 2 beta x 2"),
              std::string::npos);
    EXPECT_NE(finding(healthy(), "cores").found.find("4 cores a rank"), std::string::npos);
}

TEST(Doctor, RanksBoundToTheSameCoresAreCrowded) {
    auto facts = healthy();
    facts[3].cores = facts[2].cores;
    EXPECT_EQ(finding(facts, "cores").health, Health::warn);
    EXPECT_NE(finding(facts, "cores").found.find("beta: 8 threads on 4 cores"), std::string::npos);
}

TEST(Doctor, RanksThatNobodyBindsShareTheCores) {
    auto facts = healthy();
    for (RankFacts& rank : facts) {
        rank.cores.resize(8);
        std::iota(rank.cores.begin(), rank.cores.end(), 0);
    }
    EXPECT_EQ(finding(facts, "cores").health, Health::ok);
}

TEST(Doctor, DifferentBuildsAreAFailure) {
    auto facts = healthy();
    facts[2].version = "1.1";
    EXPECT_EQ(finding(facts, "program").health, Health::fail);
    EXPECT_FALSE(finding(facts, "program").remedy.empty());
}

TEST(Doctor, LittleMemoryAndLowLimitsAreWarnings) {
    auto facts = healthy();
    facts[2].memory = facts[3].memory = 600'000'000;
    EXPECT_EQ(finding(facts, "memory").health, Health::warn);
    facts = healthy();
    facts[1].open_files = 100;
    EXPECT_EQ(finding(facts, "limits").health, Health::warn);
    facts = healthy();
    facts[1].file_size = 1'000'000;
    EXPECT_EQ(finding(facts, "limits").health, Health::warn);
}

TEST(Doctor, FactsSurviveAMessageAndDamageIsRefused) {
    const RankFacts facts = healthy()[3];
    const auto bytes = to_bytes(facts);
    const RankFacts back = facts_from_bytes(bytes);
    EXPECT_EQ(back.host, facts.host);
    EXPECT_EQ(back.cores, facts.cores);
    EXPECT_EQ(back.memory, facts.memory);
    EXPECT_EQ(back.version, facts.version);
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_THROW(facts_from_bytes(std::span(bytes).first(length)), Error) << length;
}

TEST(Doctor, ALineSaysHealthThingFindingAndRemedy) {
    const std::vector<Finding> findings{{Health::ok, "a", "good", {}},
                                        {Health::fail, "thing", "bad", "mend it"}};
    EXPECT_EQ(text_of(findings), "ok    a      good\nfail  thing  bad; mend it\n");
}

}  // namespace
}  // namespace cytofleet
