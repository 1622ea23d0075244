// A label file opened in HDF5, and its scenes.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/hdf5/label_planes.hpp"
#include "io/hdf5/ranks.hpp"
#include "io/hdf5/scene_content.hpp"

namespace cytofleet::hdf5 {

/// Properties with which we open: readable by HDF5 from 1.8 on, headers with checksums, no locks
/// (network file systems may have none, and names that are written to are ours alone).
Handle file_access(const Calls& calls);

/// The scene's group: the file itself where `name` is empty.
Handle open_group(const Calls& calls, hid_t file, const std::string& name);
/// Of a collection: over all its scenes, by name.
std::string sha256_of(const std::map<std::string, std::string>& contents_by_group);

/// A finished file, to be read.
class LabelFile {
  public:
    struct Scene {
        std::string group;  ///< empty: the file's root
        SceneContent content;
        std::string recorded;  ///< the hash in the file
    };
    /// `path` is opened, `calls` names it in errors. Throws Error{input} for what is no label file.
    LabelFile(const Calls& calls, const std::filesystem::path& path);
    const std::vector<Scene>& scenes() const { return scenes_; }
    /// What is wrong with the file as a whole and with what its scenes say; a line each.
    std::vector<std::string> problems() const;
    /// What is wrong with one plane, read anew; a line each.
    std::vector<std::string> problems_of(const Scene& scene, std::int64_t t) const;
    /// The recorded hash of everything.
    const std::string& contents() const { return recorded_; }

  private:
    std::vector<std::string> group_names() const;
    void read_plane(const Scene& scene, std::int64_t t, std::vector<std::byte>& pixels) const;
    std::string line(const Scene& scene, std::string_view text) const;

    const Calls& calls_;
    Handle file_;
    bool collection_ = false;
    std::string recorded_;
    std::vector<Scene> scenes_;
};

}  // namespace cytofleet::hdf5
