// What a process does before anything else.
#pragma once

namespace cytofleet {

/// The process has the program's name; standard input, output and error are open (on /dev/null
/// where they were not, so that no file of ours gets their numbers and messages); a reader of ours
/// that goes away ends nothing.
void prepare_process();

/// Threads that wait for work sleep: OpenMP's spin, and beside other processes take the cores from
/// those they wait for (4 ranks of 2 threads on 2 cores: 46 frames/s instead of 151,
/// tests/bench/shared_cores). It reads its settings before main(), so the program is started once
/// more, by the same process. A setting of the user's own stands.
void let_waiting_threads_sleep(char** argv);

}  // namespace cytofleet
