// Fault points act where, when and on whom they are told to. The variable is read once, so each
// case is a process of its own.
#include "base/fault_point.hpp"

#include <csignal>
#include <cstdlib>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

/// The wait status of a process of rank 2 that passes "a place" three times and "another" once, and
/// ends with the number of passes.
int status_with(const char* fault) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        setenv("CYTOFLEET_FAULT", fault, 1);
        set_fault_rank(2);
        fault_point("another");
        for (int pass = 0; pass < 3; ++pass) {
            fault_point("a place");
        }
        _exit(3);
    }
    int status = 0;
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    return status;
}

bool passes(const char* fault) {
    const int status = status_with(fault);
    return WIFEXITED(status) && WEXITSTATUS(status) == 3;
}

bool acts() {
    const int status = status_with("kill:*:0:another");
    return WIFSIGNALED(status);
}

TEST(FaultPoint, DoesWhatItIsTold) {
    if (!acts()) GTEST_SKIP() << "a build without CYTOFLEET_FAULT_POINTS";
    EXPECT_EQ(WTERMSIG(status_with("kill:2:0:a_place")), SIGKILL);
    EXPECT_EQ(WTERMSIG(status_with("abort:*:2:a_place")), SIGABRT);
    const int stopped = status_with("stop:2:1:a_place");
    EXPECT_TRUE(WIFSTOPPED(stopped));
    EXPECT_TRUE(passes("trace:2:0:a_place"));
}

TEST(FaultPoint, LetsEverythingElsePass) {
    EXPECT_TRUE(passes(""));
    EXPECT_TRUE(passes("kill:1:0:a_place"));     // another rank
    EXPECT_TRUE(passes("kill:2:3:a_place"));     // after more passes than there are
    EXPECT_TRUE(passes("kill:2:0:some_place"));  // nowhere
    EXPECT_TRUE(passes("kill"));
    EXPECT_TRUE(passes("dance:2:0:a_place"));
}

}  // namespace
}  // namespace cytofleet
