// Every file that a run reads or is to write, each claimed once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cytofleet {

/// What a path is for.
struct PathClaim {
    std::filesystem::path path;
    std::string use;     ///< "an input", "the masks"
    std::string source;  ///< the input whose masks, as shown; empty: of none
    bool writes = false;
};

/// Paths are compared by the files that they mean: by the folder itself and the name in it, which
/// every link on the way leads to; in letters of any case where the folder takes them so; and what
/// is read also by the file that is there, whatever other names it has. Two names of one file that
/// are both written do not clash: each gets a file of its own.
class ClaimedPaths {
  public:
    using CaseRule = std::function<bool(const std::filesystem::path& folder)>;
    ClaimedPaths();
    explicit ClaimedPaths(CaseRule ignores_case) : ignores_case_(std::move(ignores_case)) {}

    /// Any number may read a file.
    void read(const std::filesystem::path& path, std::string use, std::string source = {});
    /// Nobody else may read or write it.
    void write(const std::filesystem::path& path, std::string use, std::string source = {});
    /// write() would clash with nothing.
    bool is_free(const std::filesystem::path& path);
    /// All that write() was told.
    const std::vector<std::filesystem::path>& written() const { return written_; }
    /// Throws Error{usage} that tells of the first clash, and how many more there are.
    void refuse_clashes() const;

  private:
    struct Folder {
        std::string key;
        bool ignores_case = false;
    };
    struct Place {
        std::vector<std::string> names;  ///< of the path, and of what links lead to
        std::string file;                ///< that is there; empty: none
    };
    const Folder& folder_of(const std::filesystem::path& folder);
    Place place_of(const std::filesystem::path& path);
    const PathClaim* other(const Place& place, bool writes) const;
    void claim(PathClaim claim);

    CaseRule ignores_case_;
    std::map<std::string, Folder> folders_;  ///< by their paths as they came
    std::unordered_map<std::string, PathClaim> by_name_;
    std::unordered_map<std::string, PathClaim> read_files_;
    std::unordered_map<std::string, PathClaim> written_files_;
    std::vector<std::filesystem::path> written_;
    std::vector<std::pair<PathClaim, PathClaim>> clashes_;
    std::set<std::pair<std::string, std::string>> clashing_;  ///< sources: a pair is told of once
};

}  // namespace cytofleet
