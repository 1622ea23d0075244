#include "io/hdf5_scenes.hpp"

#include <algorithm>

namespace cytofleet::test {

LabelImage block_labels(const Hdf5Scene& scene, const Hdf5Frame& frame) {
    LabelImage out{scene.input.y, scene.input.x, {}, 0, 0};
    const auto first = static_cast<std::uint32_t>(100 * frame.scene) +
                       static_cast<std::uint32_t>(frame.t) + (scene.wide ? 70000U : 1U);
    const std::int64_t across = scene.input.x / 5 + 1;
    for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
            out.labels.push_back(y % 5 == 4 || x % 5 == 4
                                     ? 0
                                     : first + static_cast<std::uint32_t>(y / 5 * across + x / 5));
    out.largest = std::ranges::max(out.labels);
    return out;
}

Hdf5Scene block_scene(const std::string& group, std::int64_t frames, std::int64_t height,
                      std::int64_t width, bool wide) {
    Hdf5Scene out;
    out.group = group;
    out.input.t = frames;
    out.input.y = height;
    out.input.x = width;
    out.input.pixel_size = {0.325, 0.25, std::nullopt};
    out.input.time_increment = 90.5;
    out.wide = wide;
    out.provenance = {{"program", "cytofleet 1.2.3"}, {"log", "line one\nline two\n"}};
    out.planes.resize(static_cast<std::size_t>(frames));
    if (frames > 1) out.planes[1] = {PlaneState::missing, "not in the file"};
    if (frames > 3) out.planes[3] = {PlaneState::quarantined, "the network ran out of memory"};
    return out;
}

std::vector<Hdf5Frame> done_frames(const std::vector<Hdf5Scene>& scenes, std::size_t first,
                                   std::size_t step) {
    std::vector<Hdf5Frame> out;
    std::size_t number = 0;
    for (std::size_t i = 0; i < scenes.size(); ++i)
        for (std::int64_t t = 0; t < scenes[i].input.t; ++t)
            if (scenes[i].planes[static_cast<std::size_t>(t)].state == PlaneState::done &&
                number++ % step == first)
                out.push_back({i, t});
    return out;
}

}  // namespace cytofleet::test
