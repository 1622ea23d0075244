// SIGTERM, SIGUSR1, Ctrl-C, a terminal that closes and a limit of CPU time end a run in order.
#pragma once

#include <atomic>

namespace cytofleet {

/// From now on the first of these signals is only noted: its number is in what is returned. The
/// second ends the process at once, with exit code 85.
const std::atomic<int>* catch_stop_signals();

}  // namespace cytofleet
