// Kernels that cuDNN compiled, kept on disk so that no process compiles what another has. Knows
// nothing of cuDNN: a record is a key, an engine with its knobs, and cuDNN's own text.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded_folder.hpp"

namespace cytofleet::cuda {

/// An engine of cuDNN and its knobs (type and value), which mean the same for every batch.
struct EngineChoice {
    std::int64_t engine = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> knobs;
};

struct KernelRecord {
    EngineChoice choice;
    std::string cache;  ///< cuDNN's JSON of the compiled kernels
};

/// $CYTOFLEET_CACHE/kernels, else in the user's cache folder ($XDG_CACHE_HOME/cytofleet,
/// ~/.cache/cytofleet); empty where there is none.
std::filesystem::path kernel_folder();

/// One file for each key, written under another name first. Others may share the folder: a file is
/// taken only if it belongs to the user, to root or to the folder's owner, and nobody else may
/// write to it; kernels are programs. Used by several threads and processes at once.
class KernelFiles {
  public:
    /// An empty folder keeps nothing.
    explicit KernelFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
    const std::filesystem::path& folder() const { return folder_; }
    /// None where there is none that may be taken; `problem` then says why, and is empty where
    /// there is simply none.
    std::optional<KernelRecord> read(const std::string& key, std::string& problem) const;
    /// Empty, or why it could not be kept.
    std::string write(const std::string& key, const KernelRecord& record) const;

  private:
    std::filesystem::path file_of(const std::string& key) const;
    std::filesystem::path folder_;
};

/// While one process compiles, the user's others wait for its results, but no longer than `most`:
/// one that hangs must not hold up the rest. Where the folder cannot be locked nobody waits.
class KernelLock {
  public:
    KernelLock(const KernelFiles& files, std::chrono::milliseconds most);

  private:
    Descriptor file_;
};

}  // namespace cytofleet::cuda
