// All that a label file says about one scene but the pixels, in HDF5's terms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5/handle.hpp"
#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet::hdf5 {

/// What is recorded of a plane's pixels.
struct PlaneFacts {
    std::uint64_t checksum = 0;  ///< of the little-endian pixels
    std::uint32_t cells = 0;     ///< different labels but 0
    bool operator==(const PlaneFacts&) const = default;
};

/// Number of different labels but 0; `pixels` are uint16 or, when `wide`, uint32.
std::uint32_t count_cells(std::span<const std::byte> pixels, bool wide);

struct SceneContent {
    std::int64_t t = 0;
    std::int64_t y = 0;
    std::int64_t x = 0;
    bool wide = false;
    std::optional<std::array<float, 3>> element_size;  ///< micrometres, z y x
    std::optional<double> interval;                    ///< seconds
    std::vector<double> times;                         ///< seconds: none, or one per T
    std::map<std::string, std::string> provenance;
    std::vector<PlaneFacts> facts;  ///< one per T
    std::vector<Hdf5Plane> planes;  ///< one per T
    std::size_t plane_bytes() const { return static_cast<std::size_t>(y * x) * (wide ? 4 : 2); }
};

/// Texts made valid, sizes that make no sense left out; the planes' facts are still zero.
SceneContent content_of(const Hdf5Scene& scene);
/// SHA-256 of all of it.
std::string sha256_of(const SceneContent& content);

/// Of attributes that are not provenance.
inline constexpr const char* format_attribute = "format";
inline constexpr const char* contents_attribute = "contents_sha256";
inline constexpr const char* scene_format = "cytofleet labels 1";
inline constexpr const char* collection_format = "cytofleet collection 1";

/// Properties for creating objects that do not note when they were: files do not depend on the
/// clock.
Handle without_times(const Calls& calls, hid_t kind);

/// Into an empty group: attributes and the dataset `labels`, which holds zeros.
void create_scene(const Calls& calls, hid_t group, const SceneContent& content);
/// The group `planes`, and the hash of everything.
void write_tables(const Calls& calls, hid_t group, const SceneContent& content);
/// Inverse of both. Throws Error{input} when the group is not as they make it.
SceneContent read_scene(const Calls& calls, hid_t group);

}  // namespace cytofleet::hdf5
