// Events survive being a line, and no damaged line passes for an event.
#include "schedule/journal_events.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "schedule/events.hpp"

namespace cytofleet {
namespace {

TEST(JournalEvents, ComeBackAsTheyWere) {
    std::vector<bool> seen(std::variant_size_v<JournalEvent>);
    for (const JournalEvent& event : test::all_kinds()) {
        const std::string line = line_of(event);
        EXPECT_EQ(line.find('\n'), std::string::npos);
        const auto back = event_of(line);
        ASSERT_TRUE(back) << line;
        if (event == test::all_kinds()[1]) continue;  // host names are made printable
        EXPECT_EQ(*back, event) << line;
        seen[event.index()] = true;
    }
    EXPECT_EQ(seen, std::vector<bool>(seen.size(), true));
}

TEST(JournalEvents, BytesThatAreNoUtf8AreReplacedAndTheRestIsKept) {
    const std::string text = std::string("a\xff\xc3") + '\0' + "b";
    const auto back = event_of(line_of(FailedEvent{{"x", 1}, 5, text, true}));
    ASSERT_TRUE(back);
    const auto& failed = std::get<FailedEvent>(*back);
    EXPECT_EQ(failed.t, 5);
    EXPECT_TRUE(failed.final);
    EXPECT_EQ(failed.reason, std::string("a\uFFFD\uFFFD") + '\0' + "b");
    AttemptEvent attempt;
    attempt.host = "bad\xfe\n";
    const auto start = event_of(line_of(attempt));
    ASSERT_TRUE(start);
    EXPECT_EQ(std::get<AttemptEvent>(*start).host, "bad\\xfe\\x0a");
}

TEST(JournalEvents, TimesThatAreNoNumbersDoNotSpoilTheFrame) {
    FrameEvent frame;
    frame.cells = 3;
    frame.times = {std::nan(""), std::numeric_limits<double>::infinity(), 1, 2};
    const auto back = event_of(line_of(frame));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::get<FrameEvent>(*back).cells, 3U);
    EXPECT_EQ(std::get<FrameEvent>(*back).times, (FrameTimes{0, 0, 1, 2}));
}

void expect_refused_or_same(const std::string& damaged, const JournalEvent& event) {
    const auto back = event_of(damaged);
    if (back) {
        ASSERT_EQ(*back, event) << damaged;
    }
}

TEST(JournalEvents, EveryChangedByteIsNoticed) {
    std::mt19937 random(3);
    for (const JournalEvent& event : test::all_kinds()) {
        const std::string line = line_of(event);
        const JournalEvent same = event_of(line).value();
        const auto flip = [&](std::size_t at, unsigned by) {
            std::string damaged = line;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ by);
            expect_refused_or_same(damaged, same);
        };
        if (line.size() < 200)
            for (std::size_t at = 0; at < line.size(); ++at)
                for (unsigned by = 1; by < 256; ++by) ASSERT_NO_FATAL_FAILURE(flip(at, by));
        else
            for (int k = 0; k < 2000; ++k)
                ASSERT_NO_FATAL_FAILURE(
                    flip(random() % line.size(), 1 + static_cast<unsigned>(random() % 255)));
    }
}

TEST(JournalEvents, NoPartOfALineIsALine) {
    for (const JournalEvent& event : test::all_kinds()) {
        const std::string line = line_of(event);
        for (std::size_t length = 0; length < line.size(); ++length) {
            EXPECT_FALSE(event_of(line.substr(0, length)));
            EXPECT_FALSE(event_of(line.substr(line.size() - length)));
        }
        EXPECT_FALSE(event_of(line + " "));
        EXPECT_FALSE(event_of(" " + line));
        EXPECT_FALSE(event_of(line + line));
    }
}

TEST(JournalEvents, AnyBytesAreTakenCalmly) {
    std::mt19937 random(4);
    const auto kinds = test::all_kinds();
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (auto left = random() % 3; left > 0; --left) {
            const std::string line = line_of(kinds[random() % kinds.size()]);
            const std::size_t from = random() % line.size();
            bytes += line.substr(from, random() % (line.size() - from + 1));
        }
        for (auto left = random() % 20; left > 0; --left)
            bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random() % (bytes.size() + 1)),
                         static_cast<char>(random() & 0xff));
        EXPECT_NO_THROW(event_of(bytes));
    }
}

TEST(JournalEvents, OtherKindsAndOtherMembersAreRefused) {
    const std::string line = line_of(EndEvent{7});
    EXPECT_EQ(line.substr(0, 20), R"({"e":"end","code":7,)");
    EXPECT_FALSE(event_of(R"({"e":"end","code":7,"sum":"0000000000000000"})"));
    EXPECT_FALSE(event_of(""));
    EXPECT_FALSE(event_of("{}"));
}

}  // namespace
}  // namespace cytofleet
