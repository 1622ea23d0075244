#include "io/tiff/frame_times.hpp"

#include <cmath>
#include <iterator>

namespace cytofleet {

void set_frame_times(SceneInfo& scene, const std::map<std::int64_t, double>& seconds) {
    if (scene.time_increment || scene.t < 2 || seconds.size() < 2) return;
    for (const auto& [t, time] : seconds)
        if (t < 0 || t >= scene.t || !std::isfinite(time)) return;
    const auto& [first, begin] = *seconds.begin();
    const auto& [last, end] = *seconds.rbegin();
    const double step = (end - begin) / static_cast<double>(last - first);
    bool regular = std::isfinite(step) && step > 0;
    for (auto it = seconds.begin(); regular && std::next(it) != seconds.end(); ++it) {
        const auto next = std::next(it);
        const double here =
            (next->second - it->second) / static_cast<double>(next->first - it->first);
        regular = std::abs(here - step) <= 0.01 * step;
    }
    if (regular) {
        scene.time_increment = step;
    } else if (std::ssize(seconds) == scene.t) {
        for (const auto& [t, time] : seconds) scene.frame_times.push_back(time);
    }
}

}  // namespace cytofleet
