#include "pipeline/choose_books.hpp"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/text.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// Why these books are not taken; empty when they are, or are not there yet.
std::string refusal(const fs::path& folder, const Owners& owners) {
    const Entry entry = look_at(folder);
    if (entry.kind == EntryKind::none) return {};
    if (entry.kind != EntryKind::folder)
        return fmt::format("{} is {}; it is left alone", show(folder),
                           entry.kind == EntryKind::link ? "a link" : "no folder");
    if (owners.take(entry.owner)) return {};
    const std::string owner = user_name(entry.owner);
    return fmt::format(
        "{} belongs to {}, whose books are left alone (--share-books takes them; then all who "
        "share "
        "set umask 002)",
        show(folder), owner);
}

std::string refusal_of_both(const fs::path& books, const std::string& id, const Owners& owners) {
    std::string out = refusal(books, owners);
    return out.empty() ? refusal(books / id, owners) : out;
}

}  // namespace

ChosenBooks choose_books(const fs::path& home, const std::string& id, bool share) {
    ChosenBooks out;
    out.owners.everybody = share;
    const fs::path common = books_of(home);
    std::string problem = refusal_of_both(common, id, out.owners);
    if (!problem.empty() && !share) {
        // Servers and mount options may give files to another user than the process's.
        out.owners.self = owner_of_new_files(home);
        if (out.owners.self != this_user()) problem = refusal_of_both(common, id, out.owners);
    }
    out.folder = common / id;
    if (problem.empty()) return out;
    out.notes.push_back(problem);
    const fs::path own = fs::path(common) += fmt::format("-{}", out.owners.self);
    problem = refusal_of_both(own, id, out.owners);
    if (!problem.empty())
        throw Error(ErrorKind::output,
                    fmt::format("{}; {}; choose another --output-dir", out.notes.front(), problem));
    out.folder = own / id;
    return out;
}

Owners make_books(const fs::path& folder, const Owners& owners) {
    const fs::path books = folder.parent_path();
    for (const fs::path& path : {books, folder}) {
        if (mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) continue;
        const int error = errno;
        const Entry above = look_at(path.parent_path());
        const std::string whose =
            above.kind == EntryKind::folder && above.owner != this_user()
                ? fmt::format("; {} belongs to {}, who must let others write there (umask 002)",
                              show(path.parent_path()), user_name(above.owner))
                : "; check --output-dir and its permissions";
        throw Error(ErrorKind::output, fmt::format("{}: the run's folder cannot be created ({}){}",
                                                   show(path), std::strerror(error), whose));
    }
    const GuardedFolder held(folder);
    Owners taken = owners;
    if (held.is_open() && !taken.take(held.owner())) taken.self = owner_of_new_files(books);
    if (held.is_open() && taken.take(held.owner())) return taken;
    throw Error(ErrorKind::output,
                fmt::format("{}: {}; choose another --output-dir", show(folder),
                            held.is_open() ? fmt::format("belongs to {}", user_name(held.owner()))
                                           : fmt::format("cannot be opened ({})",
                                                         std::strerror(held.error()))));
}

}  // namespace cytofleet
