// When each frame was taken, for files that say so of planes and not of the series.
#pragma once

#include <cstdint>
#include <map>

#include "image/file_info.hpp"

namespace cytofleet {

/// From the seconds of some frames: the interval when they are regular to 1 %, else the times
/// themselves, when all frames have one. Nothing when there is an interval already, or nonsense.
void set_frame_times(SceneInfo& scene, const std::map<std::int64_t, double>& seconds);

}  // namespace cytofleet
