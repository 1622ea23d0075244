#include "base/in_child.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

int open_files() {
    int out = 0;
    for (int i = 0; i < 256; ++i)
        out += std::ifstream("/proc/self/fdinfo/" + std::to_string(i)).good() ? 1 : 0;
    return out;
}

TEST(InChild, GivesWhatTheWorkReturns) {
    const std::string large(1 << 20, 'x');  // more than a pipe holds
    const int before = open_files();
    int untouched = 1;
    const ChildEnd end = in_child([&] {
        untouched = 2;
        return large;
    });
    EXPECT_EQ(end.text, large);
    EXPECT_EQ(end.problem, "");
    EXPECT_EQ(untouched, 1) << "this process's memory is its own";
    EXPECT_EQ(open_files(), before);
    EXPECT_EQ(in_child([] { return std::string(); }).problem, "");
}

TEST(InChild, TellsWhatItThrew) {
    const ChildEnd end =
        in_child([]() -> std::string { throw std::runtime_error("no such file"); });
    EXPECT_EQ(end.text, "");
    EXPECT_EQ(end.problem, "no such file");
    EXPECT_NE(in_child([]() -> std::string { throw 1; }).problem, "");
}

TEST(InChild, SurvivesACrash) {
    for (const int signal : {SIGKILL, SIGTERM}) {
        const ChildEnd end = in_child([signal] {
            raise(signal);
            return std::string("not reached");
        });
        EXPECT_EQ(end.text, "");
        EXPECT_NE(end.problem.find("crashes its reader"), std::string::npos) << end.problem;
    }
}

}  // namespace
}  // namespace cytofleet
