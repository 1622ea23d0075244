#include "schedule/master.hpp"

#include "base/error.hpp"

namespace cytofleet {

Master::Master(const std::vector<PlanItem>& items, Plan plan) : units_(std::move(plan.units)) {
    scenes_.reserve(items.size());
    for (const PlanItem& item : items) {
        const bool is_new = numbers_.try_emplace({item.file, item.scene}, scenes_.size()).second;
        ensure(is_new, "a scene is planned once");
        Scene& scene = scenes_.emplace_back();
        scene.frames = item.frames;
        scene.missing = item.frames;
        frames_total_ += item.frames;
    }
    for (std::size_t i = 0; i < units_.size(); ++i) {
        Scene& scene = scene_of(units_[i].file, units_[i].scene);
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

std::optional<Unit> Master::next(int rank) {
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

std::vector<std::pair<std::int64_t, std::int64_t>> Master::done(
    const std::vector<FrameRecord>& records) {
    std::vector<std::pair<std::int64_t, std::int64_t>> complete;
    for (const FrameRecord& record : records) {
        const FrameId& frame = record.frame;
        Scene& scene = scene_of(frame.file, frame.scene);
        ensure(frame.t >= 0 && frame.t < scene.frames, "a record belongs to a frame of its scene");
        if (scene.missing == 0) continue;
        if (scene.records.empty()) {
            scene.records.resize(static_cast<std::size_t>(scene.frames));
            scene.in.resize(static_cast<std::size_t>(scene.frames));
        }
        const auto t = static_cast<std::size_t>(frame.t);
        if (scene.in[t]) continue;
        scene.in[t] = true;
        scene.records[t] = record;
        ++frames_done_;
        if (--scene.missing == 0) complete.emplace_back(frame.file, frame.scene);
    }
    return complete;
}

std::vector<FrameRecord> Master::take_records(std::int64_t file, std::int64_t scene) {
    Scene& complete = scene_of(file, scene);
    ensure(complete.missing == 0 && !complete.records.empty(),
           "records are taken of a complete scene, once");
    complete.in = {};
    return std::exchange(complete.records, {});
}

}  // namespace cytofleet
