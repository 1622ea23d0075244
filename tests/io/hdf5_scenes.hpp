// Scenes and label planes that are the same wherever they are made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet::test {

/// Blocks of labels with background between them; other numbers in each frame and scene. Wide:
/// with labels over 65535.
LabelImage block_labels(const Hdf5Scene& scene, const Hdf5Frame& frame);

/// All frames done but the second, which is missing, and the fourth, which is quarantined.
Hdf5Scene block_scene(const std::string& group, std::int64_t frames, std::int64_t height,
                      std::int64_t width, bool wide);

/// The frames that are done, every `step`th from `first` on.
std::vector<Hdf5Frame> done_frames(const std::vector<Hdf5Scene>& scenes, std::size_t first,
                                   std::size_t step);

}  // namespace cytofleet::test
