// One run from the list of inputs to the finished masks, on one rank or many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "comm/communicator.hpp"
#include "pipeline/assemble.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_report.hpp"
#include "pipeline/run_start.hpp"

namespace cytofleet {

/// How a run ended; complete on the rank that led it last.
struct RunSummary {
    bool complete = false;  ///< this rank led; the others know the exit code only
    std::vector<std::filesystem::path> inputs;  ///< by file number
    std::vector<Outcome> outcomes;              ///< one per output, those of earlier attempts first
    std::int64_t bad_files = 0;                 ///< inputs that had no output at all
    std::int64_t frames = 0;
    std::int64_t failed_frames = 0;
    std::uint64_t cells = 0;
    std::vector<RankTally> ranks;
    std::vector<int> lost;        ///< ranks that are gone: the caller must abort the others
    std::int64_t unfinished = 0;  ///< outputs that wait for other shards
    std::string stopped;          ///< why it ended before its end
    double seconds = 0;
    int exit_code = 0;  ///< DESIGN section 6
};

/// Collective. Throws StartError for anything that stops the run before it starts; what one rank
/// alone throws later must end all ranks.
RunSummary run(Communicator& comm, const RunOptions& wanted, Log& log);

}  // namespace cytofleet
