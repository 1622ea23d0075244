// Hands out units on request and knows which frames of which file are in; no clock, no messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "schedule/frame_record.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// State of the work list. Units go out in plan order; a rank keeps getting units of the scene it
/// is at when there are any, so that readers stay open. Holds records of scenes in progress only.
class Master {
  public:
    /// `plan`: of `items`, or what is left of it; the units of a scene stand together.
    Master(const std::vector<PlanItem>& items, Plan plan);
    /// The next unit for `rank`; empty when all are handed out.
    std::optional<Unit> next(int rank);
    /// Takes finished frames (twice the same frame: the first wins). Returns the (file, scene) that
    /// are complete by them.
    std::vector<std::pair<std::int64_t, std::int64_t>> done(
        const std::vector<FrameRecord>& records);
    /// Hands over the records of a complete scene, by frame; once.
    std::vector<FrameRecord> take_records(std::int64_t file, std::int64_t scene);
    bool all_done() const { return frames_done_ == frames_total_; }
    std::int64_t frames_done() const { return frames_done_; }
    std::int64_t frames_total() const { return frames_total_; }

  private:
    struct Scene {
        std::int64_t frames = 0;
        std::int64_t missing = 0;
        std::size_t next_unit = 0;  ///< the first that is not handed out
        std::size_t end_unit = 0;
        std::vector<FrameRecord> records;  ///< empty until the first frame is in
        std::vector<bool> in;
    };
    Scene& scene_of(std::int64_t file, std::int64_t scene);

    std::vector<Unit> units_;
    std::vector<Scene> scenes_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::size_t>
        numbers_;                     ///< (file, scene) to scene
    std::vector<std::size_t> order_;  ///< scenes in the order of their first units
    std::size_t current_ = 0;         ///< in order_: scenes before it are handed out
    std::map<int, std::size_t> at_;   ///< scene each rank was last given
    std::int64_t frames_done_ = 0;
    std::int64_t frames_total_ = 0;
};

}  // namespace cytofleet
