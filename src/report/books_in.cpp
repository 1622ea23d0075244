#include "report/books_in.hpp"

#include <cstring>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guarded_folder.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// What stands in the way of looking at books, for people.
std::string closed(const fs::path& path, const GuardedFolder& folder) {
    const Entry entry = look_at(path);
    if (entry.kind == EntryKind::link)
        return fmt::format("{} is a link and is left out", show(path));
    return fmt::format(
        "{} belongs to {} and cannot be opened ({}); who shares a folder sets umask "
        "002 or 022",
        show(path), user_name(entry.owner), std::strerror(folder.error()));
}

}  // namespace

std::vector<FoundBooks> books_in(const fs::path& home, bool share) {
    std::vector<FoundBooks> out;
    std::vector<std::string> problems;
    const GuardedFolder held(home, Links::all);
    for (const std::string& name : held.is_open() ? held.names() : std::vector<std::string>{}) {
        if (!is_books_name(name)) continue;
        const fs::path books = home / name;
        const GuardedFolder folder(books);
        if (!folder.is_open()) {
            problems.push_back(closed(books, folder));
            continue;
        }
        for (const std::string& id : folder.names()) {
            if (folder.look(id).kind != EntryKind::folder) continue;
            FoundBooks found;
            found.folder = books / id;
            const GuardedFolder run(found.folder);
            if (!run.is_open()) {
                problems.push_back(closed(found.folder, run));
                continue;
            }
            found.owners.everybody = share;
            found.owners.self = run.owner();
            if (run.owner() != this_user())
                found.notes.push_back(
                    fmt::format("these books belong to {}", user_name(run.owner())));
            auto start = newest_start(found.folder, found.owners, &found.notes);
            if (!start) continue;
            found.start = std::move(*start);
            out.push_back(std::move(found));
        }
    }
    if (!out.empty()) {
        for (const std::string& problem : problems) out.front().notes.push_back(problem);
        return out;
    }
    throw Error(ErrorKind::usage,
                problems.empty()
                    ? fmt::format("{}: no run has left its books here; name the folder with the "
                                  "results (--output-dir, else that of the first input)",
                                  show(home))
                    : problems.front());
}

}  // namespace cytofleet
