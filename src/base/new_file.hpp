// Files under names of their own, until they may have their real ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace cytofleet {

/// Creates and opens `<path>.XXXXXX.tmp`, the Xs such that it is new; readable by whom the user's
/// umask lets. `temporary` gets its name. Returns the descriptor, or -1 with errno set. The file is
/// locked as long as it is open, so that others can tell it from a dead process's.
int open_temporary(const std::filesystem::path& path, std::filesystem::path& temporary);
/// Removes files that open_temporary() made in `folder` and whose process is dead, for paths whose
/// names `ours` accepts. Best effort.
void remove_stale_temporaries(const std::filesystem::path& folder,
                              const std::function<bool(const std::filesystem::path&)>& ours);
/// Waits for the lock by which others see that an open file's process is alive. False where the
/// file system has none.
bool lock_for_life(int descriptor);
/// Writes all of `text` at `offset`; false, with errno set, when it cannot.
bool write_all(int descriptor, std::uint64_t offset, std::string_view text);
/// Forces a folder's entries to the disk, where the file system lets a folder be opened.
void sync_folder(const std::filesystem::path& folder);

}  // namespace cytofleet
