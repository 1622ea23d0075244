// The work of a run as plain data: frames of files grouped into units.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "image/file_info.hpp"

namespace cytofleet {

enum class Partition { automatic, files, frames };

/// One scene of one input file, as the schedule sees it.
struct PlanItem {
    std::int64_t file = 0;  ///< number of the input file
    std::int64_t scene = 0;
    std::int64_t frames = 0;  ///< T, at least 1
    double frame_cost = 1;    ///< any unit, above 0; pixels times the area the model rescales to
};

/// A run of consecutive frames of one scene of one file.
struct Unit {
    std::int64_t file = 0;
    std::int64_t scene = 0;
    std::int64_t first = 0;  ///< first frame (T)
    std::int64_t count = 0;
    bool operator==(const Unit&) const = default;
};

struct Plan {
    /// In the order they are handed out: dearest scene first, the units of a scene together, frames
    /// ascending.
    std::vector<Unit> units;
    std::int64_t frames = 0;
};

/// `files`: a unit is a whole scene. Else no unit is dearer than a fraction of what one rank still
/// has to do when its turn comes (never less than one frame): 1/4 with `automatic`, so that only
/// scenes that would keep one rank busy while others have nothing are cut, and 1/16 with `frames`.
/// One rank gets whole scenes. Each (file, scene) occurs once in `items`.
Plan make_plan(const std::vector<PlanItem>& items, Partition partition, int ranks);

/// One of its units holds the frame.
bool holds(const Plan& plan, const FrameId& frame);

/// What is to be done about a frame.
enum class FrameNeed {
    none,  ///< nothing
    any,   ///< segment it
    alone  ///< in a unit of its own: a process died while it was in the model, perhaps because of
           ///< it
};
/// What is left of a plan.
Plan what_is_needed(const Plan& plan, const std::function<FrameNeed(const FrameId&)>& need);

/// The part of process `index` of `count` (0-based) that share the work without talking: the same
/// division in each of them, as even as the units allow.
Plan shard_of(const Plan& plan, const std::vector<PlanItem>& items, int index, int count);

}  // namespace cytofleet
