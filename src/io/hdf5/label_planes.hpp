// The dataset `labels` of one scene, plane by plane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/hdf5/scene_content.hpp"

namespace cytofleet::hdf5 {

/// Little-endian uint16 or, when `wide`, uint32. Labels that need more are a broken promise.
std::vector<std::byte> pixels_of(const LabelImage& labels, bool wide);

class LabelPlanes {
  public:
    /// With `content`, of the group that read_scene() or create_scene() had.
    LabelPlanes(const Calls& calls, hid_t group, const SceneContent& content);
    /// Without a plane this rank takes part in a collective transfer and writes nothing.
    void write(std::int64_t t, std::span<const std::byte> pixels, hid_t transfer) const;
    void write_nothing(hid_t transfer) const;
    /// Bytes as pixels_of() gives them.
    void read(std::int64_t t, std::span<std::byte> pixels) const;
    void close();

  private:
    Handle select(std::int64_t t) const;

    const Calls& calls_;
    hsize_t height_;
    hsize_t width_;
    bool wide_;
    Handle dataset_;
    Handle plane_;  ///< dataspace of one plane in memory
};

}  // namespace cytofleet::hdf5
