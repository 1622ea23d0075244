// Files under names of their own, until they may have their real ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/owners.hpp"

namespace cytofleet {

/// Creates and opens a file beside `path`, with the rights that the user's umask and the folder's
/// rules give. Its name is `cytofleet-<hash of the name of path>.XXXXXX.tmp`, the Xs such that it
/// is new: of one length, so that whatever name a folder takes can be written there. `temporary`
/// gets its path. Returns the descriptor, or -1 with errno set. The file is locked as long as it is
/// open, so that others can tell it from a dead process's.
int open_temporary(const std::filesystem::path& path, std::filesystem::path& temporary);
/// The same in an open folder; `temporary` gets the name in it.
int create_temporary(int folder, const std::string& name, std::string& temporary);
/// Creates `name`, which must be new, in an open folder, with no more than `rights`; locked before
/// anybody else can be, where the file system has files without names. The descriptor, or -1 with
/// errno set.
int create_locked(int folder, const std::string& name, std::uint32_t rights);
/// Removes files that open_temporary() made in `folder` for files of these `names` and whose
/// process is dead; nothing but regular files of `owners`. Best effort.
void remove_stale_temporaries(const std::filesystem::path& folder,
                              const std::set<std::string>& names, const Owners& owners = {});
/// The same for files of any name: in folders that nobody else but this program writes to.
void remove_all_stale_temporaries(const std::filesystem::path& folder, const Owners& owners = {});
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
