// What status says of books in which every text was made up by somebody else.
#include "report/run_status.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace cytofleet {
namespace {

const std::string hostile = "x\n\x1b[2J\xc2\x9b\xe2\x80\xae\x7f";

RunStatus hostile_status() {
    RunStatus out;
    out.id = hostile;
    out.start.start = 1700000000;
    out.start.command = {hostile};
    out.start.settings = {{hostile, hostile}};
    out.quarantined = {{hostile, 1, hostile}};
    AttemptStatus attempt;
    attempt.name = hostile;
    attempt.host = hostile;
    attempt.shard = hostile;
    out.attempts = {attempt};
    out.notes = {hostile};
    return out;
}

TEST(RunStatus, TextLetsNothingThrough) {
    const std::string text = status_text(hostile_status());
    EXPECT_EQ(text, printable_lines(text));
    // The run, its frames, the number of attempts, one attempt, one quarantined frame, one note.
    EXPECT_EQ(split(text, '\n').size(), 7u) << text;
    EXPECT_EQ(text.find("\nx"), std::string::npos);
}

TEST(RunStatus, JsonIsAsciiAndHoldsTheText) {
    const std::string text = status_json({hostile_status()});
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << int{c};
    EXPECT_NE(text.find(R"("host": "x\n\u001b[2J\u009b\u202e\u007f")"), std::string::npos) << text;
}

}  // namespace
}  // namespace cytofleet
