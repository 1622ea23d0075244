#include "app/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <initializer_list>
#include <sys/prctl.h>
#include <unistd.h>

namespace cytofleet {

void prepare_process() {
    // What let_waiting_threads_sleep() starts would be called "exe" in lists of processes.
    prctl(PR_SET_NAME, program_invocation_short_name);
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF) {
            // The lowest free number, which is this one.
            [[maybe_unused]] const int got = open("/dev/null", O_RDWR);
        }
    std::signal(SIGPIPE, SIG_IGN);
}

void let_waiting_threads_sleep(char** argv) {
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr)
        return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", argv);
    // Without /proc it goes on as it is.
}

}  // namespace cytofleet
