// One rank's record of one attempt: lines that are only appended, by one process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/guarded_folder.hpp"
#include "base/stop_mark.hpp"
#include "schedule/journal_events.hpp"

namespace cytofleet {

/// Names of an attempt's files in the run's folder.
std::filesystem::path journal_path(const std::filesystem::path& folder, const std::string& attempt,
                                   int rank);
std::string spool_name(const std::string& attempt, int rank);
/// Of the file that is there as long as the process has neither ended nor been asked to.
std::string stop_mark_name(const std::string& attempt, int rank);
inline constexpr std::string_view stop_mark_end = ".unended";
/// The name is one that a run gives its journals and spools: what is cleared away has such a name.
bool is_attempt_file(std::string_view name, std::string_view extension);

/// Safe for several threads. Errors are Error{output} naming the file and what to do. While it
/// lives it holds a lock on its file, by which others tell that the attempt is alive (where the
/// file system has locks; nothing but counting deaths and clearing up depends on it).
class Journal {
  public:
    /// Creates the file, which must not exist, and writes the first line.
    Journal(const std::filesystem::path& folder, const AttemptEvent& attempt);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// A line, whole or not at all but for a crash of the machine or a full disk. A killed process
    /// loses nothing that was added; sync() makes it safe from the machine's death too.
    void add(const JournalEvent& event);
    void sync();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    GuardedFolder folder_;
    std::mutex mutex_;
    Descriptor file_;
    std::uint64_t end_ = 0;
    std::optional<StopMark> mark_;  ///< goes with the journal: whoever gets that far was not killed
};

}  // namespace cytofleet
