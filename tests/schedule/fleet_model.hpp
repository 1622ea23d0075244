// A run of many ranks on a clock of its own: the real Master, ranks that ask and report as the real
// ones do, and time that frames take instead of frames.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <random>
#include <vector>

#include "schedule/master.hpp"

namespace cytofleet::test {

struct FleetTuning {
    int ranks = 1000;
    double stragglers = 0.05;  ///< part of the ranks
    double slowness = 4;       ///< of a straggler
    double deaths = 0.01;      ///< part of the ranks that die silently, some time
    double die_within = 600;   ///< seconds
    double silence = 10;       ///< seconds until a death is noticed
    double jitter = 0.1;       ///< frames take so much more or less, relative
};

struct FleetResult {
    double makespan = 0;        ///< seconds until the last frame is in
    double ideal = 0;           ///< all work by all ranks as long as they live, none ever idle
    std::int64_t frames = 0;    ///< that were done, twice or not
    std::int64_t requests = 0;  ///< answered with a unit or with nothing
    std::int64_t scenes = 0;    ///< complete
    bool stuck = false;         ///< frames are missing and nobody does anything
    double master_seconds = 0;  ///< of the real clock, in Master
};

/// A frame of cost 1 takes one second on a rank that is not slow.
class FleetModel {
  public:
    FleetModel(const std::vector<PlanItem>& items, FleetTuning tuning, std::uint32_t seed);
    FleetResult run();

  private:
    enum class What { frame, death, notice, serving };
    struct Event {
        double time = 0;
        std::int64_t number = 0;  ///< what happens at the same time does so in order
        What what = What::serving;
        int rank = 0;
        bool operator>(const Event& other) const {
            return time != other.time ? time > other.time : number > other.number;
        }
    };
    struct Rank {
        double slowness = 1;
        double death = 0;  ///< infinity: never
        bool dead = false;
        bool busy = false;
        std::int64_t at = 0;  ///< frames of the first unit that are behind it
        std::deque<Unit> units;
        std::vector<Unit> revoked;
    };
    void plan_event(double in, What what, int rank);
    void handle(const Event& event);
    void ask(int rank);
    bool serve(int rank);
    void give(int rank, const Unit& unit);
    void go_on(int rank);
    void report(int rank);
    bool is_revoked(const Rank& rank, const Unit& unit, std::int64_t t) const;
    double ideal() const;

    FleetTuning tuning_;
    std::mt19937 random_;
    std::vector<PlanItem> items_;  ///< by file
    Master master_;
    std::vector<Rank> ranks_;
    std::deque<int> waiting_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::int64_t number_ = 0;
    double now_ = 0;
    FleetResult result_;
};

}  // namespace cytofleet::test
