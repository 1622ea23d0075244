// How a run's books name files: by their place from the folder that holds the books, so that
// results and books may move together.
#pragma once

#include <filesystem>
#include <string>

namespace cytofleet {

/// Names are plain ASCII; other bytes of a path, and %, stand as %XX.
class BookNames {
  public:
    /// `home`: the folder that holds `.cytofleet`.
    explicit BookNames(const std::filesystem::path& home);
    std::string name_of(const std::filesystem::path& file);
    std::filesystem::path file_of(const std::string& name) const;
    /// The file lies in the folder that holds the books, or below: not so for results beside inputs
    /// of several folders.
    static bool stays_inside(const std::string& name);

  private:
    std::filesystem::path home_;
    std::filesystem::path home_in_full_;
    // Of the last file; mostly the next one is in the same folder.
    std::filesystem::path folder_;
    std::filesystem::path folder_from_home_;
};

}  // namespace cytofleet
