#include "schedule/fleet_model.hpp"

#include <algorithm>
#include <limits>

#include "base/timer.hpp"
#include "schedule/frames.hpp"

namespace cytofleet::test {
namespace {

constexpr double seconds_between_servings = 0.1;
constexpr int units_per_rank = 2;
constexpr double never = std::numeric_limits<double>::infinity();

double uniform(std::mt19937& random, double low, double high) {
    return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
}

}  // namespace

FleetModel::FleetModel(const std::vector<PlanItem>& items, FleetTuning tuning, std::uint32_t seed)
    : tuning_(tuning),
      random_(seed),
      items_(items),
      master_(items, make_plan(items, Partition::automatic, tuning.ranks),
              {tuning.ranks, 2, true, {}}),
      ranks_(static_cast<std::size_t>(tuning.ranks)) {
    for (Rank& rank : ranks_) {
        if (uniform(random_, 0, 1) < tuning_.stragglers) rank.slowness = tuning_.slowness;
        const bool dies = uniform(random_, 0, 1) < tuning_.deaths;
        rank.death = dies ? uniform(random_, 0, tuning_.die_within) : never;
    }
    // Somebody stays.
    ranks_.front().death = never;
}

void FleetModel::plan_event(double in, What what, int rank) {
    events_.push({now_ + in, number_++, what, rank});
}

FleetResult FleetModel::run() {
    for (int rank = 0; rank < tuning_.ranks; ++rank) {
        const double death = ranks_[static_cast<std::size_t>(rank)].death;
        if (death < never) plan_event(death, What::death, rank);
    }
    for (int rank = 0; rank < tuning_.ranks; ++rank)
        for (int k = 0; k < units_per_rank; ++k) ask(rank);
    plan_event(seconds_between_servings, What::serving, 0);
    // Ten times what it should take, and nobody waits any longer.
    result_.ideal = ideal();
    while (!master_.all_done() && now_ < 10 * result_.ideal + 1000) {
        const Event event = events_.top();
        events_.pop();
        now_ = event.time;
        handle(event);
    }
    result_.stuck = !master_.all_done();
    result_.makespan = now_;
    return result_;
}

void FleetModel::handle(const Event& event) {
    Rank& rank = ranks_[static_cast<std::size_t>(event.rank)];
    switch (event.what) {
        case What::death:
            rank.dead = true;
            return plan_event(tuning_.silence, What::notice, event.rank);
        case What::notice:
            return master_.set_silent(event.rank, true);
        case What::frame:
            return report(event.rank);
        case What::serving:
            for (auto left = waiting_.size(); left > 0; --left) {
                const int next = waiting_.front();
                waiting_.pop_front();
                if (!serve(next)) waiting_.push_back(next);
            }
            return plan_event(seconds_between_servings, What::serving, 0);
    }
}

void FleetModel::ask(int rank) {
    if (!serve(rank)) waiting_.push_back(rank);
}

bool FleetModel::serve(int rank) {
    const Timer timer;
    const auto grant = master_.next(rank, now_);
    result_.master_seconds += timer.seconds();
    ++result_.requests;
    if (!grant) return false;
    if (grant->revoked_from >= 0)
        ranks_[static_cast<std::size_t>(grant->revoked_from)].revoked.push_back(grant->unit);
    give(rank, grant->unit);
    return true;
}

void FleetModel::give(int number, const Unit& unit) {
    Rank& rank = ranks_[static_cast<std::size_t>(number)];
    std::erase_if(rank.revoked, [&](const Unit& old) {
        return old.file == unit.file && old.first < unit.first + unit.count &&
               unit.first < old.first + old.count;
    });
    rank.units.push_back(unit);
    if (!rank.busy) go_on(number);
}

bool FleetModel::is_revoked(const Rank& rank, const Unit& unit, std::int64_t t) const {
    return std::ranges::any_of(rank.revoked, [&](const Unit& old) {
        return old.file == unit.file && t >= old.first && t < old.first + old.count;
    });
}

/// Begins the next frame that is still wanted, and asks for more where a unit ends.
void FleetModel::go_on(int number) {
    Rank& rank = ranks_[static_cast<std::size_t>(number)];
    rank.busy = false;
    while (!rank.units.empty()) {
        const Unit& unit = rank.units.front();
        while (rank.at < unit.count && is_revoked(rank, unit, unit.first + rank.at)) ++rank.at;
        if (rank.at == unit.count) {
            rank.units.pop_front();
            rank.at = 0;
            rank.busy = true;  // what is asked for may come at once
            if (!rank.dead) ask(number);
            rank.busy = false;
            continue;
        }
        const double cost = items_[static_cast<std::size_t>(unit.file)].frame_cost;
        rank.busy = true;
        return plan_event(
            cost * rank.slowness * uniform(random_, 1 - tuning_.jitter, 1 + tuning_.jitter),
            What::frame, number);
    }
}

void FleetModel::report(int number) {
    Rank& rank = ranks_[static_cast<std::size_t>(number)];
    if (rank.dead) return;
    const Unit& unit = rank.units.front();
    const std::vector<FrameRecord> records{record(unit.file, unit.scene, unit.first + rank.at)};
    ++rank.at;
    ++result_.frames;
    const Timer timer;
    const Taken taken = master_.done(number, records, now_);
    for (const auto& [file, scene] : taken.complete) {
        master_.take_records(file, scene);
        ++result_.scenes;
    }
    result_.master_seconds += timer.seconds();
    go_on(number);
}

/// The time until which ranks, none ever idle and each as long as it lives, have done all work.
double FleetModel::ideal() const {
    double work = 0;
    for (const PlanItem& item : items_) work += static_cast<double>(item.frames) * item.frame_cost;
    double low = 0;
    double high = work * tuning_.slowness;
    for (int round = 0; round < 100; ++round) {
        const double middle = (low + high) / 2;
        double done = 0;
        for (const Rank& rank : ranks_) done += std::min(middle, rank.death) / rank.slowness;
        (done < work ? low : high) = middle;
    }
    return high;
}

}  // namespace cytofleet::test
