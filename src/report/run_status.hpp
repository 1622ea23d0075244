// How far the runs of a folder are, from their journals alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "schedule/run_folder.hpp"

namespace cytofleet {

/// A frame that was given up.
struct QuarantinedFrame {
    std::string input;
    std::int64_t t = 0;
    std::string reason;
};

/// One start of one rank.
struct AttemptStatus {
    std::string name;
    std::string host;
    std::string shard;  ///< "2/8" or empty
    int rank = 0;
    std::int64_t process = 0;
    bool alive = false;
    bool ended = false;  ///< in order; else it died, unless it is alive or
    bool asked = false;  ///< was asked to end, or ended by an error
    int exit_code = 0;
    std::int64_t frames = 0;
};

struct RunStatus {
    std::string id;
    RunStart start;
    bool finished = false;
    std::int64_t outputs = 0;
    std::int64_t outputs_done = 0;
    std::int64_t frames = 0;
    std::int64_t frames_done = 0;  ///< with those that were given up or are not in the input
    std::uint64_t cells = 0;
    double seconds_per_frame = 0;  ///< of one rank, mean over the frames whose planes are kept
    int living_ranks = 0;
    double seconds_left = -1;  ///< below 0: not known, or nobody is at work
    std::vector<QuarantinedFrame> quarantined;
    std::vector<AttemptStatus> attempts;
    std::vector<std::string> notes;  ///< damage found
};

/// All runs whose books are in `home`, by their start. `share`: files of other users than a
/// folder's owner count too. Throws Error{usage} when there are none.
std::vector<RunStatus> status_of(const std::filesystem::path& home, bool share = false);

std::string status_text(const RunStatus& status);
std::string status_json(const std::vector<RunStatus>& runs);

}  // namespace cytofleet
