// Files under names of their own, until they may have their real ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/owners.hpp"

namespace cytofleet {

/// Creates and opens `<path>.XXXXXX.tmp`, the Xs such that it is new, with the rights that the
/// user's umask and the folder's rules give. `temporary` gets its name. Returns the descriptor, or
/// -1 with errno set. The file is locked as long as it is open, so that others can tell it from a
/// dead process's.
int open_temporary(const std::filesystem::path& path, std::filesystem::path& temporary);
/// The same in an open folder; `temporary` gets the name in it.
int create_temporary(int folder, const std::string& name, std::string& temporary);
/// Creates `name`, which must be new, in an open folder, with no more than `rights`; locked before
/// anybody else can be, where the file system has files without names. The descriptor, or -1 with
/// errno set.
int create_locked(int folder, const std::string& name, std::uint32_t rights);
/// Removes files that open_temporary() made in `folder` and whose process is dead, for paths whose
/// names `ours` accepts; nothing but regular files of `owners`. Best effort.
void remove_stale_temporaries(const std::filesystem::path& folder,
                              const std::function<bool(const std::filesystem::path&)>& ours,
                              const Owners& owners = {});
/// Takes the lock by which others see that an open file's process is alive, and which nobody can
/// take who may only read the file. Whoever holds it already is waited for, but no longer than
/// `patience`. False without it: somebody goes on holding it, or the file system has no locks.
bool lock_for_life(int descriptor, std::chrono::milliseconds patience = std::chrono::seconds{2});
/// Somebody else's open file has that lock. Disturbs nobody.
bool is_locked(int descriptor);
/// Writes all of `text` at `offset`; false, with errno set, when it cannot.
bool write_all(int descriptor, std::uint64_t offset, std::string_view text);
/// Forces a folder's entries to the disk, where the file system lets a folder be opened.
void sync_folder(const std::filesystem::path& folder);

}  // namespace cytofleet
