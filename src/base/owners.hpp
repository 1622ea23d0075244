// Whose files are taken where several users may write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cytofleet {

/// The user of this process, as file systems number users.
std::uint32_t this_user();

/// Of books in a folder that others may write too. Root may do everything anyway.
struct Owners {
    bool everybody = false;
    std::uint32_t self = this_user();
    bool take(std::uint32_t owner) const { return everybody || owner == self || owner == 0; }
};

/// "alice", or "user 1002" where nobody knows the number.
std::string user_name(std::uint32_t user);

/// Whom the file system gives what this process creates in `folder`: another user than its own
/// where a server or a mount option decides. Makes a file there for a moment.
std::uint32_t owner_of_new_files(const std::filesystem::path& folder);

}  // namespace cytofleet
