#include "base/in_child.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/timer.hpp"

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

TEST(InChild, WorkThatHangsIsLeftInTime) {
    const int before = open_files();
    const Timer clock;
    const ChildEnd end = in_child_within(0.3, []() -> std::string {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        while (true) pause();
    });
    EXPECT_TRUE(end.late);
    EXPECT_NE(end.problem, "");
    EXPECT_GE(clock.seconds(), 0.3);
    EXPECT_LT(clock.seconds(), 5);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "nothing is left of it";
    EXPECT_EQ(open_files(), before);
}

TEST(InChild, InTimeItIsAsWithoutALimit) {
    const std::string large(1 << 20, 'x');
    EXPECT_EQ(in_child_within(60, [&] { return large; }).text, large);
    const ChildEnd end =
        in_child_within(60, []() -> std::string { throw std::runtime_error("no such file"); });
    EXPECT_EQ(end.problem, "no such file");
    EXPECT_FALSE(end.late);
}

TEST(InChild, UnderALimitItHasNoneOfItsParentsFiles) {
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe(pipe_ends.data()), 0);
    const auto held = [&]() -> std::string {
        return fcntl(pipe_ends[0], F_GETFD) == -1 && fcntl(pipe_ends[1], F_GETFD) == -1 ? "none"
                                                                                        : "some";
    };
    EXPECT_EQ(in_child(held).text, "some");
    EXPECT_EQ(in_child_within(60, held).text, "none");
    const ChildEnd end = in_child_within(60, [] { return std::to_string(open_files()); });
    EXPECT_EQ(end.text, "4") << "in, out, error and the pipe";
    close(pipe_ends[0]);
    close(pipe_ends[1]);
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
