#include "base/owners.hpp"

#include <cerrno>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {

std::uint32_t this_user() {
    return geteuid();
}

std::string user_name(std::uint32_t user) {
    std::vector<char> room(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
        return printable(found->pw_name);
    return fmt::format("user {}", user);
}

std::uint32_t owner_of_new_files(const std::filesystem::path& folder) {
    std::filesystem::path temporary;
    const int descriptor = open_temporary(folder / ".cytofleet-owner", temporary);
    if (descriptor < 0) return this_user();
    struct stat facts {};
    const bool known = fstat(descriptor, &facts) == 0;
    unlink(temporary.c_str());
    close(descriptor);
    return known ? facts.st_uid : this_user();
}

}  // namespace cytofleet
