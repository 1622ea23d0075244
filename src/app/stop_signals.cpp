#include "app/stop_signals.hpp"

#include <csignal>
#include <unistd.h>

#include "pipeline/run_report.hpp"

namespace cytofleet {
namespace {

std::atomic<int> noted = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use it");

void note(int signal) {
    if (noted.exchange(signal) != 0) _exit(exit_codes::stopped);
}

}  // namespace

const std::atomic<int>* catch_stop_signals() {
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) sigaction(signal, &action, nullptr);
    return &noted;
}

}  // namespace cytofleet
