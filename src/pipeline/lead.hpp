// The rank that leads a run: hands out frames and files, hears what came of them, and leaves nobody
// waiting for a rank that is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/gather.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/progress.hpp"
#include "pipeline/rank_context.hpp"
#include "pipeline/run_report.hpp"
#include "schedule/master.hpp"

namespace cytofleet {

/// Ends in steps: all outputs are there, or all frames in hand are finished (drain); everybody is
/// told the exit code and answers; whoever does not is left behind; everybody leaves.
class Lead {
  public:
    /// `records`: what earlier attempts have done. Scenes that are complete by it are assembled
    /// first.
    Lead(const RankContext& context, Master master, const std::vector<FrameRecord>& records);

    /// An output that stood already when this rank took the lead.
    void know(Outcome outcome) { outcomes_.push_back(std::move(outcome)); }
    /// When all outputs are done, this is asked for a file that collects them; it may be nothing.
    void collect_with(std::function<std::optional<Gather>()> make) { collect_ = std::move(make); }
    /// What only the next start can do; when all else is done, the run ends as one that was
    /// stopped.
    void leave_to_the_next_start(std::string what) { left_over_ = std::move(what); }
    void handle(const Message& message);
    /// To be called again and again: what time alone brings about.
    void tick();
    /// Frames in hand are finished, then the run ends with `code`.
    void stop(const std::string& why, int code);
    bool over() const { return phase_ == Phase::over; }
    RunReport take_report();

  private:
    using SceneId = std::pair<std::int64_t, std::int64_t>;
    enum class Phase { working, draining, parting, over };
    struct Assembling {
        int rank = 0;
        std::vector<std::byte> records;
    };

    void take_records(int from, const std::vector<FrameRecord>& records);
    void give_up(const std::vector<FrameRecord>& fresh);
    void take_assembly(int from, Assembly assembly);
    void keep(Outcome outcome);
    void gather_next();
    void start_gather(const std::vector<int>& ranks);
    void take_gathered(int from, const std::string& failure);
    void release_writers();
    void start_assembly(SceneId scene, int rank);
    void send_assembly(SceneId scene, int rank);
    void serve_waiting();
    bool serve(int rank);
    void watch_ranks(double now);
    void leave_behind(int rank);
    void hear(int rank, double now);
    bool outputs_done() const;
    void collect();
    void fail_collection(const std::string& why);
    void part(int code);
    int exit_code() const;
    void to_all(Tag tag, const std::vector<std::byte>& body);
    void send(int rank, Tag tag, const std::vector<std::byte>& body);
    int some_living_rank() const;
    bool all_living(const std::vector<bool>& have) const;
    std::string where(const FrameRecord& record) const;

    RankContext context_;
    Master master_;
    Progress progress_;
    Phase phase_ = Phase::working;
    std::deque<int> waiting_;  ///< ranks that asked and got nothing yet
    bool news_ = false;        ///< there may be a unit for them now
    std::map<SceneId, Assembling> assembling_;
    /// Scenes whose planes go into an HDF5 file, one after the other.
    struct Gathering {
        Outcome outcome;
        std::vector<std::byte> records;
        bool collection = false;  ///< no scene, but all of them
    };
    std::deque<Gathering> gathering_;  ///< the first is at work
    std::vector<int> joining_;         ///< ranks that will write it together
    std::vector<int> writing_;         ///< ranks that are at it
    bool inviting_ = false;
    std::function<std::optional<Gather>()> collect_;
    std::optional<Gather> collection_;
    bool collection_failed_ = false;
    std::string left_over_;
    std::map<SceneId, int> reopened_;
    std::vector<Outcome> outcomes_;
    std::int64_t given_up_ = 0;  ///< frames
    std::vector<RankTally> tallies_;
    std::vector<double> heard_;  ///< when, by rank
    std::vector<bool> silent_;
    std::vector<bool> drained_;
    std::vector<bool> said_bye_;
    std::string stopped_;
    int code_ = 0;
    double last_tick_ = 0;
    double last_serving_ = 0;
    double last_alive_ = 0;
    double parting_since_ = 0;
};

}  // namespace cytofleet
