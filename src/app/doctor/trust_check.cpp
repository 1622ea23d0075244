#include "app/doctor/trust_check.hpp"

#include <grp.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/owners.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

constexpr const char* what = "other users";
constexpr std::size_t longest_entry = 65536;

/// Empty for the group that a user has for himself, as Debian and Red Hat make one for everybody.
std::string group_of_several(gid_t group) {
    std::string text(longest_entry, '\0');
    struct group entry {};
    struct group* found = nullptr;
    getgrgid_r(group, &entry, text.data(), text.size(), &found);
    if (found == nullptr) return fmt::format("group {}", group);
    const std::string self = user_name(this_user());
    bool others = found->gr_name != self;
    for (char** member = found->gr_mem; *member != nullptr; ++member)
        others = others || *member != self;
    return others ? fmt::format("group {}", found->gr_name) : "";
}

bool is_stranger(uid_t owner) {
    return !Owners{}.take(owner);
}

/// Whoever may write in a folder without the sticky bit may remove and replace what others have in
/// it. Rights by an access control list show in the bits of the group.
std::optional<Finding> judge_rights(const fs::path& path, const struct stat& state,
                                    std::string_view harm) {
    if ((state.st_mode & S_ISVTX) != 0) return std::nullopt;
    std::string who;
    if ((state.st_mode & S_IWOTH) != 0)
        who = "everybody";
    else if ((state.st_mode & S_IWGRP) != 0)
        who = group_of_several(state.st_gid);
    if (who.empty()) return std::nullopt;
    return Finding{Health::warn, what,
                   fmt::format("{} may write in {}, and so {}", who, show(path), harm),
                   fmt::format("take the right away (chmod {}-w) or keep each to his own files "
                               "(chmod +t), unless you trust them all",
                               (state.st_mode & S_IWOTH) != 0 ? "o" : "g")};
}

void check_books(const fs::path& folder, std::vector<Finding>& out) {
    const fs::path books = folder / ".cytofleet";
    struct stat state {};
    if (lstat(books.c_str(), &state) != 0) return;
    if (!S_ISDIR(state.st_mode)) {
        out.push_back({Health::warn, what, fmt::format("{} is no folder", show(books)),
                       "somebody has put it where runs keep their books: remove it"});
        return;
    }
    if (is_stranger(state.st_uid))
        out.push_back({Health::warn, what,
                       fmt::format("{} belongs to {}: what is in it decides what your runs take "
                                   "as done",
                                   show(books), user_name(state.st_uid)),
                       "choose an --output-dir of your own, unless you share these runs"});
    if (auto finding = judge_rights(books, state, "change what runs take as done"))
        out.push_back(std::move(*finding));
}

}  // namespace

std::vector<Finding> check_trust(const fs::path& folder) {
    std::vector<Finding> out;
    std::error_code failed;
    const fs::path start = fs::canonical(folder.empty() ? fs::path(".") : folder, failed);
    if (failed) return out;
    for (fs::path path = start;; path = path.parent_path()) {
        const bool itself = path == start;
        struct stat state {};
        if (stat(path.c_str(), &state) == 0) {
            if (is_stranger(state.st_uid))
                out.push_back({Health::warn, what,
                               fmt::format("{} belongs to {}, who may do with it what he likes",
                                           show(path), user_name(state.st_uid)),
                               "choose an --output-dir of your own, unless you trust him"});
            if (auto finding = judge_rights(
                    path, state,
                    itself ? "remove and replace results" : "put another folder in its place"))
                out.push_back(std::move(*finding));
        }
        if (path == path.root_path()) break;
    }
    check_books(start, out);
    if (out.empty()) out.push_back({Health::ok, what, "none may change what is in the folder", {}});
    return out;
}

}  // namespace cytofleet
