// What one rank does during a run: asks for units, spools frames, assembles outputs; rank 0 serves
// too.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "base/timer.hpp"
#include "comm/communicator.hpp"
#include "models/registry.hpp"
#include "pipeline/assemble.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "pipeline/spool.hpp"
#include "pipeline/worker.hpp"
#include "schedule/master.hpp"

namespace cytofleet {

/// The main thread's loop. Messages: a rank asks rank 0 for a unit (two in hand), sends records of
/// finished frames, is told to assemble a scene whose last frame it delivered, and to stop. Rank 0
/// talks to itself by the same messages, so one rank runs what a hundred run.
class RankLoop {
  public:
    /// `master`: on rank 0 only.
    RankLoop(Communicator& comm, const RunOptions& options, const RunRecord& run,
             LoadedModel& model, const RunFacts& facts, Log& log, Master* master);
    /// Returns when all outputs of the run are done; on rank 0 their outcomes, in the order of the
    /// jobs.
    std::vector<Outcome> go();

  private:
    void handle(const Message& message);
    void serve_unit(int rank);
    void take_records(const Message& message);
    void ask_for_work();
    void spool_frames();
    void assemble_next();
    void show_progress(bool force);
    const Job& job_of(std::int64_t file, std::int64_t scene) const;

    Communicator& comm_;
    const RunOptions& options_;
    const RunRecord& run_;
    LoadedModel& model_;
    const RunFacts& facts_;
    Log& log_;
    Master* master_;
    Spool spool_;
    Worker worker_;
    int asked_ = 0;         ///< requests not yet answered
    bool no_more_ = false;  ///< rank 0 has no unit left
    bool stopped_ = false;  ///< rank 0 said that everything is done
    std::deque<std::vector<FrameRecord>> to_assemble_;
    std::vector<Outcome> outcomes_;  ///< rank 0
    std::uint64_t cells_ = 0;        ///< rank 0, so far
    std::int64_t failed_ = 0;        ///< rank 0, so far
    Timer since_start_;
    double last_progress_ = -1;
};

}  // namespace cytofleet
