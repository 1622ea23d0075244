#include "app/stop_signals.hpp"

#include <csignal>
#include <unistd.h>

#include "base/exit_codes.hpp"
#include "base/stop_mark.hpp"

namespace cytofleet {
namespace {

std::atomic<int> noted = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use it");

void note(int signal) {
    // Whatever kills the process from now on, its frames are not to blame.
    remove_stop_mark();
    if (noted.exchange(signal) != 0) _exit(exit_codes::stopped);
}

}  // namespace

const std::atomic<int>* catch_stop_signals() {
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGTERM, SIGUSR1, SIGINT, SIGXCPU})
        sigaction(signal, &action, nullptr);
    // nohup's wish.
    struct sigaction before {};
    if (sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, nullptr);
    return &noted;
}

}  // namespace cytofleet
