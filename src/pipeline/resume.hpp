// What of a run is done already, and what is left, by the journals of earlier attempts.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/catalogue.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/book_names.hpp"
#include "schedule/frame_record.hpp"
#include "schedule/history.hpp"
#include "schedule/plan.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {

struct Remaining {
    std::vector<Job> jobs;              ///< whose outputs are not there yet
    std::vector<OutputEvent> outputs;   ///< of the other jobs: they stand
    std::vector<Job> standing;          ///< those jobs, in the same order
    std::vector<FrameRecord> records;   ///< of the jobs' frames that need no work
    std::vector<FailedEvent> given_up;  ///< frames quarantined now, for deaths of the process
    std::map<FrameId, int> deaths;      ///< frames that were in the model when a process died
    std::vector<std::string> notes;     ///< for the user, a line each
};

/// Goes through the jobs of `catalogue`. `inputs`: identities by file number. `home`: the folder
/// that holds the books. `own_spools`: how many spools this attempt has; those of `history` are
/// numbered after them. Throws Error{usage} naming outputs that are there, were not made by this
/// run, and may not be replaced.
Remaining what_remains(const Catalogue& catalogue, const std::vector<std::string>& inputs,
                       const RunHistory& history, const std::filesystem::path& home,
                       const RunOptions& options, std::int32_t own_spools);

/// The same for the jobs of a run that is under way: what it, or other processes at the same work,
/// have done until now. Spools that `run` does not know are added to it.
Remaining what_is_left(RunRecord& run, const RunHistory& history, const RunOptions& options);

/// This file was written, for this scene, and is as it was written.
bool is_written(const SceneHistory& scene, const std::filesystem::path& file, BookNames& names);
/// What was written of a job when all of its files are there; the first of them, else null.
const OutputEvent* standing_output(const SceneHistory& scene, const Job& job, BookNames& names,
                                   OutputFormat format);
/// Its outputs are to be made again; their files may be replaced.
void make_void(SceneHistory& scene);
/// Deaths and failures of frames count no more, nor do outputs with frames that were given up.
void forgive(RunHistory& history);

/// What is to be done about frames of the remaining jobs.
class FrameNeeds {
  public:
    FrameNeeds(const Remaining& remaining, int max_attempts);
    FrameNeed operator()(const FrameId& frame) const;
    /// Frames that the next death would convict; the program's `careful` ones, most deaths first.
    const std::vector<FrameId>& careful() const { return careful_; }

  private:
    std::set<std::pair<std::int64_t, std::int64_t>> jobs_;
    std::map<FrameId, FrameNeed> special_;
    std::vector<FrameId> careful_;
};

/// A line about runs with other settings that left their work in `books` unfinished, if any.
std::vector<std::string> unfinished_others(const std::filesystem::path& books,
                                           const std::string& id, const Settings& settings,
                                           const Owners& owners = {});

}  // namespace cytofleet
