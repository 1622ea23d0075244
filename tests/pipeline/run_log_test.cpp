// What a log tells of frames that have no labels.
#include "pipeline/run_log.hpp"

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

std::vector<FrameRecord> frames(const std::string& states) {
    std::vector<FrameRecord> out(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
        out[i].frame.t = static_cast<std::int64_t>(i);
        if (states[i] == 'd') {
            out[i].state = FrameState::done;
            out[i].cells = 2;
            out[i].times.read = 0.5;
            continue;
        }
        out[i].state = states[i] == 'm' ? FrameState::missing : FrameState::quarantined;
        out[i].notes = {states[i] == 'm' ? "is not there" : "broke"};
    }
    return out;
}

LogFacts facts_of(const RunOptions& options, const std::vector<FrameRecord>& records) {
    return {options, nullptr, 0, "in.tif", "out.tif", nullptr, -1, {}, &records, {}};
}

/// From the first mention of a frame on, without stamps.
std::string told(const std::string& log) {
    std::string out;
    std::size_t at = 0;
    for (std::size_t end = 0; (end = log.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string line = log.substr(log.find('[', at), end - log.find('[', at));
        if (line.find("rame") != std::string::npos) out += line + "\n";
    }
    return out;
}

TEST(RunLog, NamesEmptyFramesThatFollowEachOtherInALine) {
    const auto records = frames("dmmmmfmmdm");
    const RunOptions options;
    LogFacts facts = facts_of(options, records);
    const std::string text = told(log_text(facts));
    EXPECT_EQ(text.substr(text.find("[INFO] Frame 0")),
              "[INFO] Frame 0: 2 cells\n"
              "[WARNING] Frames 1 to 4 are empty: is not there\n"
              "[WARNING] Frame 5 is empty: broke\n"
              "[WARNING] Frames 6 to 7 are empty: is not there\n"
              "[INFO] Frame 8: 2 cells\n"
              "[WARNING] Frame 9 is empty: is not there\n"
              "[INFO] Cells in all frames: 4\n");
}

TEST(RunLog, TimesOnlyFramesThatWereDone) {
    const auto records = frames("mdmd");
    const RunOptions options;
    LogFacts facts = facts_of(options, records);
    const std::string text = told(machine_text(facts, {}));
    EXPECT_EQ(text.find("Frame 0:"), std::string::npos);
    EXPECT_NE(text.find("Frame 1: 0.500 s"), std::string::npos);
    EXPECT_NE(text.find("Time per frame: 0.500 s in the mean, 0.500 s at most"), std::string::npos);
    const auto none = frames("mm");
    facts.records = &none;
    EXPECT_EQ(told(machine_text(facts, {})), "");
}

TEST(RunLog, IsShortForAFileThatHoldsNothing) {
    const auto records = frames(std::string(100000, 'm'));
    const RunOptions options;
    LogFacts facts = facts_of(options, records);
    EXPECT_LT(log_text(facts).size() + machine_text(facts, {}).size(), 10000U);
}

}  // namespace
}  // namespace cytofleet
