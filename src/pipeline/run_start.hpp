// What is settled before anybody works: the inputs, the model, and what earlier attempts have done.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "models/registry.hpp"
#include "pipeline/catalogue.hpp"
#include "pipeline/resume.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/history.hpp"
#include "schedule/journal.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {

/// The run cannot start; the same on every rank.
class StartError : public Error {
  public:
    using Error::Error;
};

/// What a run would do, from its inputs and its books; nothing is written.
struct RunPlan {
    Catalogue catalogue;
    LoadedModel model;
    Settings settings;
    std::filesystem::path folder;                ///< of the run's books
    std::vector<std::string> inputs;             ///< by file number: what identifies each
    std::vector<std::filesystem::path> outputs;  ///< all that will be written but the books
    Owners owners;                               ///< whose books are taken
    RunHistory history;
    Remaining remaining;
    std::optional<RunStart> newest;  ///< start in these books
    bool finished = false;           ///< that start's outputs were all done
    std::vector<std::string> notes;  ///< for the user
};
/// `own_spools`: how many ranks there will be. Throws Error.
RunPlan plan_run(const RunOptions& options, int own_spools);

/// What rank 0 knows and broadcasts.
struct RunStartUp {
    std::optional<RunPlan> plan;  ///< on rank 0
    RunRecord record;
    LoadedModel model;
};
/// Collective. Rank 0 plans, claims the start and makes the folders; its result or its error on
/// every rank. Throws StartError, and RanksAreSilent where a rank hangs meanwhile.
RunStartUp start_together(Communicator& comm, const RunOptions& options);

/// Rank 0's first lines: the jobs, and what this start decides about frames.
void write_first_lines(Journal& journal, const RunPlan& plan, const RunRecord& run,
                       const RunOptions& options);

}  // namespace cytofleet
