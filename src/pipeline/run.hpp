// One run from the list of inputs to the finished masks, on one rank or many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/communicator.hpp"
#include "models/registry.hpp"
#include "pipeline/assemble.hpp"
#include "pipeline/catalogue.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

/// How a run ended; complete on rank 0, the exit code on every rank.
struct RunSummary {
    std::vector<std::filesystem::path> inputs;  ///< by file number
    std::vector<Outcome> outcomes;              ///< one per output
    std::vector<BadFile> bad;                   ///< inputs that had no output at all
    std::int64_t frames = 0;
    std::int64_t failed_frames = 0;
    std::uint64_t cells = 0;
    double seconds = 0;
    int exit_code = 0;  ///< DESIGN section 6
};

/// The run cannot start; the same on every rank.
class StartError : public Error {
  public:
    using Error::Error;
};

/// What a run would do, without doing it.
Catalogue preview(const RunOptions& options);

/// Collective. Throws StartError for anything that stops the run before it starts; what one rank
/// alone throws later must end all ranks.
RunSummary run(Communicator& comm, const RunOptions& wanted, Log& log);

}  // namespace cytofleet
