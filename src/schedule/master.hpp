// Hands out units on request and knows which frames of which file are in; no clock, no messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "schedule/frame_record.hpp"
#include "schedule/plan.hpp"
#include "schedule/rank_pace.hpp"

namespace cytofleet {

struct MasterTuning {
    int ranks = 1;
    /// How often a frame may fail before it is quarantined.
    int most_failures = 2;
    /// A rank that is done may take frames from one that is not; else only from one that is late.
    bool share = true;
    LeaseRule lease;
};

/// A unit for a rank, and what another rank need no longer do because of it.
struct Grant {
    Unit unit;
    int revoked_from = -1;  ///< -1: nobody
    bool late = false;      ///< it was taken from a rank that has not been heard of for long
    int twin = -1;          ///< who has all of it in hand too, and whose result may be the first
};

/// What finished frames have brought about.
struct Taken {
    std::vector<std::pair<std::int64_t, std::int64_t>> complete;  ///< (file, scene)
    std::vector<FrameRecord> fresh;    ///< those that were not known; failures that count
    std::vector<FrameRecord> retried;  ///< failures that are tried once more
};

/// State of the work list. Units go out in plan order; a rank keeps getting units of the scene it
/// is at when there are any, so that readers stay open. When all are out, ranks with nothing to do
/// share the frames of those that would take longest, and take over those of ranks that are late.
/// Holds records of scenes in progress only. Time is any clock in seconds, the same in every call.
class Master {
  public:
    /// `plan`: of `items`, or what is left of it; the units of a scene stand together. `careful`:
    /// frames that are not in the plan, because they may be what the program died of; they go out
    /// one at a time over all ranks, so that the next death convicts no other.
    Master(const std::vector<PlanItem>& items, Plan plan, MasterTuning tuning,
           const std::vector<FrameId>& careful = {});
    /// What earlier attempts have done, before anything is handed out; its frames are not in the
    /// plan. Returns the scenes that are complete by it.
    std::vector<std::pair<std::int64_t, std::int64_t>> resume(
        const std::vector<FrameRecord>& records);
    /// The next unit for `rank`. Empty: nothing now, but there may be later unless all_done().
    std::optional<Grant> next(int rank, double now);
    /// Takes finished frames from `rank` (twice the same frame: the first wins).
    Taken done(int rank, const std::vector<FrameRecord>& records, double now);
    /// Hands over the records of a complete scene, by frame; once.
    std::vector<FrameRecord> take_records(std::int64_t file, std::int64_t scene);
    /// A complete scene after all lacks the planes of these frames: they are done again. The
    /// others' records are given back.
    void reopen(std::vector<FrameRecord> records, const std::vector<std::int64_t>& lost);
    bool all_done() const { return frames_done_ == frames_total_; }
    std::int64_t frames_done() const { return frames_done_; }
    std::int64_t frames_total() const { return frames_total_; }
    bool is_late(int rank, double now) const;
    /// A rank that is not there, as far as anybody can tell, is late whatever it has in hand, and
    /// gets nothing.
    void set_silent(int rank, bool silent);

  private:
    struct Scene {
        std::int64_t frames = 0;
        std::int64_t missing = 0;
        double frame_cost = 1;
        std::size_t next_unit = 0;  ///< the first that is not handed out
        std::size_t end_unit = 0;
        std::vector<FrameRecord> records;  ///< empty until the first frame is in
        std::vector<bool> in;
    };
    struct Again {
        Unit unit;
        int not_rank = -1;
        double since = 0;
    };
    struct Held {
        Unit unit;
        int twin = -1;  ///< who was given the same frames
    };
    struct Holder {
        std::deque<Held> held;  ///< handed to it and not done, the first at work
        RankPace pace;
        bool silent = false;
    };
    /// Whose frames might be taken: found once for all who ask in vain one after the other.
    struct Victims {
        double since = 0;
        bool good = false;
        std::vector<std::pair<double, int>> ranks;  ///< seconds until it is done, rank; falling
        double hopeless = 0;  ///< who takes so long for work of cost 1, or longer, gets nothing
    };
    Scene& scene_of(std::int64_t file, std::int64_t scene);
    const Scene& scene_of(std::int64_t file, std::int64_t scene) const;
    bool is_in(const Unit& unit, std::int64_t t) const;
    bool take(const FrameRecord& record);
    void trim(Unit& unit) const;
    void trim(Holder& holder) const;
    void let_go(Holder& holder, const FrameId& frame) const;
    double cost_of(const Unit& unit) const;
    double cost_left(const Holder& holder) const;
    double lease_of(const Holder& holder) const;
    bool has_living_twin(int rank, const Held& held, double now) const;
    std::optional<Unit> next_careful();
    std::optional<Unit> next_planned(int rank);
    std::optional<Unit> next_again(int rank, double now);
    void find_victims(double now);
    std::optional<Grant> take_over(int rank, double now);
    std::optional<Grant> split(int rank, int from, double now);
    Grant hold(int rank, const Grant& grant, double now);

    MasterTuning tuning_;
    std::vector<Unit> units_;
    std::vector<Scene> scenes_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::size_t>
        numbers_;                     ///< (file, scene) to scene
    std::vector<std::size_t> order_;  ///< scenes in the order of their first units
    std::size_t current_ = 0;         ///< in order_: scenes before it are handed out
    std::map<int, std::size_t> at_;   ///< scene each rank was last given
    std::deque<Again> again_;         ///< frames that failed, or whose planes were lost
    std::deque<FrameId> careful_;
    std::optional<FrameId> under_suspicion_;  ///< the one of them that is out
    std::map<FrameId, int> failures_;
    std::map<int, Holder> holders_;
    Victims victims_;
    MeanPace mean_pace_;
    std::int64_t frames_done_ = 0;
    std::int64_t frames_total_ = 0;
};

}  // namespace cytofleet
