// The work of a run as plain data: frames of files grouped into units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/file_info.hpp"

namespace cytofleet {

enum class Partition { automatic, files, frames };

/// One scene of one input file, as the schedule sees it.
struct PlanItem {
    std::int64_t file = 0;   ///< number of the input file
    std::int64_t scene = 0;
    std::int64_t frames = 0;  ///< T
    double frame_cost = 1;    ///< any unit; pixels times the area the model rescales to
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
    std::vector<Unit> units;  ///< in the order they are handed out: dearest first, frames of a file ascending
    std::int64_t frames = 0;
};

/// `files`: a unit is a whole scene. `frames`: units short enough that every rank gets several, and the tail
/// is short. `automatic`: scenes dearer than a fair share by frames, then the rest whole, dearest first.
Plan make_plan(const std::vector<PlanItem>& items, Partition partition, int ranks);

}  // namespace cytofleet
