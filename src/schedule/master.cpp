#include "schedule/master.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace cytofleet {
namespace {

/// A rank's frames are worth taking when it would need so many times as long for them as the taker.
constexpr double worth_sharing = 1.5;
/// One frame is done twice when it has taken its holder so many times as long as it would the
/// taker.
constexpr double worth_copying = 2;
/// How long it is known whose frames might be taken, when nothing else happens: seconds.
constexpr double victims_last = 0.05;
/// Ranks that took the same frames one from the other and are late, at most.
constexpr int longest_chain = 16;

bool overlap(const Unit& a, const Unit& b) {
    return a.file == b.file && a.scene == b.scene && a.first < b.first + b.count &&
           b.first < a.first + a.count;
}

}  // namespace

Master::Master(const std::vector<PlanItem>& items, Plan plan, MasterTuning tuning,
               const std::vector<FrameId>& careful)
    : tuning_(tuning),
      units_(std::move(plan.units)),
      careful_(careful.begin(), careful.end()),
      frames_total_(std::ssize(careful)) {
    scenes_.reserve(items.size());
    for (const PlanItem& item : items) {
        const bool is_new = numbers_.try_emplace({item.file, item.scene}, scenes_.size()).second;
        ensure(is_new, "a scene is planned once");
        Scene& scene = scenes_.emplace_back();
        scene.frames = item.frames;
        scene.missing = item.frames;
        scene.frame_cost = item.frame_cost;
    }
    for (std::size_t i = 0; i < units_.size(); ++i) {
        Scene& scene = scene_of(units_[i].file, units_[i].scene);
        frames_total_ += units_[i].count;
        if (scene.end_unit == 0) {
            order_.push_back(static_cast<std::size_t>(&scene - scenes_.data()));
            scene.next_unit = i;
        } else {
            ensure(scene.end_unit == i, "the units of a scene stand together");
        }
        scene.end_unit = i + 1;
    }
}

Master::Scene& Master::scene_of(std::int64_t file, std::int64_t scene) {
    const auto found = numbers_.find({file, scene});
    ensure(found != numbers_.end(), "a frame belongs to a scene of the plan");
    return scenes_[found->second];
}

const Master::Scene& Master::scene_of(std::int64_t file, std::int64_t scene) const {
    const auto found = numbers_.find({file, scene});
    ensure(found != numbers_.end(), "a frame belongs to a scene of the plan");
    return scenes_[found->second];
}

bool Master::is_in(const Unit& unit, std::int64_t t) const {
    const Scene& scene = scene_of(unit.file, unit.scene);
    if (scene.missing == 0) return true;
    return !scene.in.empty() && scene.in[static_cast<std::size_t>(t)];
}

/// Drops frames from both ends that are in.
void Master::trim(Unit& unit) const {
    while (unit.count > 0 && is_in(unit, unit.first)) {
        ++unit.first;
        --unit.count;
    }
    while (unit.count > 0 && is_in(unit, unit.first + unit.count - 1)) --unit.count;
}

void Master::trim(Holder& holder) const {
    for (Held& held : holder.held) trim(held.unit);
    std::erase_if(holder.held, [](const Held& held) { return held.unit.count == 0; });
}

/// A frame that failed is no longer its holder's; ranks report frames in order.
void Master::let_go(Holder& holder, const FrameId& frame) const {
    trim(holder);
    for (auto& [unit, twin] : holder.held)
        if (unit.file == frame.file && unit.scene == frame.scene && unit.first == frame.t) {
            ++unit.first;
            --unit.count;
            break;
        }
    trim(holder);
}

double Master::cost_of(const Unit& unit) const {
    return static_cast<double>(unit.count) * scene_of(unit.file, unit.scene).frame_cost;
}

double Master::cost_left(const Holder& holder) const {
    double cost = 0;
    for (const Held& held : holder.held) cost += cost_of(held.unit);
    return cost;
}

double Master::lease_of(const Holder& holder) const {
    if (!mean_pace_.known() || holder.held.empty()) return std::numeric_limits<double>::infinity();
    const Unit& at_work = holder.held.front().unit;
    const double usual = std::max(
        mean_pace_.seconds(scene_of(at_work.file, at_work.scene).frame_cost), mean_pace_.pause());
    return std::max(tuning_.lease.shortest, tuning_.lease.patience * usual);
}

bool Master::is_late(int rank, double now) const {
    const auto found = holders_.find(rank);
    return found != holders_.end() &&
           (found->second.silent || found->second.pace.silent_for(now) > lease_of(found->second));
}

void Master::set_silent(int rank, bool silent) {
    holders_[rank].silent = silent;
    victims_.good = false;
}

std::vector<std::pair<std::int64_t, std::int64_t>> Master::resume(
    const std::vector<FrameRecord>& records) {
    std::vector<std::pair<std::int64_t, std::int64_t>> complete;
    for (const FrameRecord& record : records) {
        if (!take(record)) continue;
        ++frames_total_;
        if (scene_of(record.frame.file, record.frame.scene).missing == 0)
            complete.emplace_back(record.frame.file, record.frame.scene);
    }
    return complete;
}

/// False when the frame is in already.
bool Master::take(const FrameRecord& record) {
    const FrameId& frame = record.frame;
    Scene& scene = scene_of(frame.file, frame.scene);
    ensure(frame.t >= 0 && frame.t < scene.frames, "a record belongs to a frame of its scene");
    if (scene.missing == 0) return false;
    if (scene.records.empty()) {
        scene.records.resize(static_cast<std::size_t>(scene.frames));
        scene.in.resize(static_cast<std::size_t>(scene.frames));
    }
    const auto t = static_cast<std::size_t>(frame.t);
    if (scene.in[t]) return false;
    scene.in[t] = true;
    scene.records[t] = record;
    --scene.missing;
    ++frames_done_;
    if (under_suspicion_ == frame) under_suspicion_.reset();
    return true;
}

Taken Master::done(int rank, const std::vector<FrameRecord>& records, double now) {
    Taken out;
    double cost = 0;
    victims_.good = false;
    for (const FrameRecord& record : records) {
        const FrameId& frame = record.frame;
        const Scene& scene = scene_of(frame.file, frame.scene);
        cost += scene.frame_cost;
        if (is_in({frame.file, frame.scene, frame.t, 1}, frame.t)) continue;
        if (record.state == FrameState::failed && tuning_.most_failures > ++failures_[frame]) {
            out.retried.push_back(record);
            again_.push_back({{frame.file, frame.scene, frame.t, 1}, rank, now});
            let_go(holders_[rank], frame);
            continue;
        }
        FrameRecord known = record;
        if (known.state == FrameState::failed) known.state = FrameState::quarantined;
        if (!take(known)) continue;
        failures_.erase(frame);
        out.fresh.push_back(std::move(known));
        if (scene.missing == 0) out.complete.emplace_back(frame.file, frame.scene);
    }
    const auto holder = holders_.find(rank);
    if (holder != holders_.end() && cost > 0) {
        holder->second.pace.report(now, cost);
        mean_pace_.add(holder->second.pace.seconds(1, mean_pace_), holder->second.pace.pause());
        trim(holder->second);
    }
    return out;
}

std::vector<FrameRecord> Master::take_records(std::int64_t file, std::int64_t scene) {
    Scene& complete = scene_of(file, scene);
    ensure(complete.missing == 0 && !complete.records.empty(),
           "records are taken of a complete scene, once");
    complete.in = {};
    return std::exchange(complete.records, {});
}

void Master::reopen(std::vector<FrameRecord> records, const std::vector<std::int64_t>& lost) {
    ensure(!records.empty() && !lost.empty(), "a scene is reopened for frames that it lacks");
    const FrameId first = records.front().frame;
    Scene& scene = scene_of(first.file, first.scene);
    ensure(scene.missing == 0 && scene.records.empty() && std::ssize(records) == scene.frames,
           "only a complete scene is reopened");
    scene.records = std::move(records);
    scene.in.assign(scene.records.size(), true);
    for (const std::int64_t t : lost) {
        scene.in.at(static_cast<std::size_t>(t)) = false;
        ++scene.missing;
        --frames_done_;
        again_.push_back({{first.file, first.scene, t, 1}, -1, 0});
    }
}

Grant Master::hold(int rank, const Grant& grant, double now) {
    Holder& holder = holders_[rank];
    trim(holder);
    if (holder.held.empty()) holder.pace.start(now);
    holder.held.push_back({grant.unit, grant.twin});
    victims_.good = false;
    return grant;
}

std::optional<Grant> Master::next(int rank, double now) {
    if (holders_[rank].silent) return std::nullopt;
    if (const auto unit = next_again(rank, now)) return hold(rank, {*unit}, now);
    if (const auto unit = next_careful()) return hold(rank, {*unit}, now);
    if (const auto unit = next_planned(rank)) return hold(rank, {*unit}, now);
    if (const auto grant = take_over(rank, now)) return hold(rank, *grant, now);
    return std::nullopt;
}

std::optional<Unit> Master::next_again(int rank, double now) {
    for (auto again = again_.begin(); again != again_.end();) {
        if (again->not_rank == rank && tuning_.ranks > 1 &&
            now - again->since <= tuning_.lease.shortest) {
            ++again;
            continue;
        }
        const Unit unit = again->unit;
        again = again_.erase(again);
        if (!is_in(unit, unit.first)) return unit;
    }
    return std::nullopt;
}

std::optional<Unit> Master::next_careful() {
    if (careful_.empty() || under_suspicion_) return std::nullopt;
    const FrameId frame = careful_.front();
    careful_.pop_front();
    under_suspicion_ = frame;
    return Unit{frame.file, frame.scene, frame.t, 1};
}

std::optional<Unit> Master::next_planned(int rank) {
    const auto has_units = [this](std::size_t number) {
        return scenes_[number].next_unit < scenes_[number].end_unit;
    };
    auto at = at_.find(rank);
    if (at == at_.end() || !has_units(at->second)) {
        while (current_ < order_.size() && !has_units(order_[current_])) ++current_;
        if (current_ == order_.size()) return std::nullopt;
        at = at_.insert_or_assign(rank, order_[current_]).first;
    }
    return units_[scenes_[at->second].next_unit++];
}

/// Who was given the same frames, or whoever took them from that one, still has them in hand and is
/// not late.
bool Master::has_living_twin(int rank, const Held& held, double now) const {
    int at = held.twin;
    for (int step = 0; step < longest_chain && at != rank; ++step) {
        const auto twin = holders_.find(at);
        if (twin == holders_.end()) return false;
        const auto same = std::ranges::find_if(
            twin->second.held, [&](const Held& other) { return overlap(other.unit, held.unit); });
        if (same == twin->second.held.end()) return false;
        if (!is_late(at, now)) return true;
        at = same->twin;
    }
    return false;
}

void Master::find_victims(double now) {
    victims_.good = true;
    victims_.since = now;
    victims_.hopeless = std::numeric_limits<double>::infinity();
    victims_.ranks.clear();
    for (const auto& [rank, holder] : holders_) {
        if (holder.held.empty()) continue;
        const double left = is_late(rank, now) ? std::numeric_limits<double>::infinity()
                                               : holder.pace.seconds(cost_left(holder), mean_pace_);
        victims_.ranks.emplace_back(left, rank);
    }
    std::ranges::sort(victims_.ranks, std::greater<>());
}

std::optional<Grant> Master::take_over(int rank, double now) {
    if (!victims_.good || now - victims_.since > victims_last) find_victims(now);
    const double own = holders_[rank].pace.seconds(1, mean_pace_);
    if (own >= victims_.hopeless) return std::nullopt;
    bool has_own = false;
    for (const auto& [left, victim] : victims_.ranks) {
        if (victim == rank)
            has_own = true;
        else if (auto grant = split(rank, victim, now))
            return grant;
    }
    if (!has_own) victims_.hopeless = own;
    return std::nullopt;
}

/// The part of another rank's last unit that makes both end at the same time.
std::optional<Grant> Master::split(int rank, int from, double now) {
    Holder& holder = holders_.at(from);
    trim(holder);
    const bool late = is_late(from, now);
    if (!late && (!tuning_.share || !mean_pace_.known())) return std::nullopt;
    const RankPace own = holders_[rank].pace;
    for (auto held = holder.held.rbegin(); held != holder.held.rend(); ++held) {
        if (has_living_twin(from, *held, now)) continue;
        Unit& unit = held->unit;
        const double frame_cost = scene_of(unit.file, unit.scene).frame_cost;
        const double mine = own.seconds(frame_cost, mean_pace_);
        const double theirs = holder.pace.seconds(frame_cost, mean_pace_);
        const bool at_work = std::next(held) == holder.held.rend();
        // The frame it has in the model stays with it, unless that takes too long.
        const std::int64_t may = unit.count - (at_work && !late ? 1 : 0);
        Unit part = unit;
        if (may > 0) {
            if (!late && holder.pace.seconds(cost_left(holder), mean_pace_) < worth_sharing * mine)
                return std::nullopt;
            const double share = late ? 1 : theirs / (theirs + mine);
            part.count = std::clamp<std::int64_t>(
                static_cast<std::int64_t>(std::floor(share * static_cast<double>(may))), 1, may);
            part.first = unit.first + unit.count - part.count;
        } else if (holder.pace.silent_for(now) < worth_copying * mine) {
            continue;
        }
        if (at_work && part.count == unit.count) {
            held->twin = rank;
            return Grant{part, late ? from : -1, late, from};
        }
        unit.count -= part.count;
        if (unit.count == 0) holder.held.erase(std::next(held).base());
        return Grant{part, from, late};
    }
    return std::nullopt;
}

}  // namespace cytofleet
