#include "pipeline/claimed_paths.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "pipeline/folder_rules.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

std::string text_of(const PathClaim& claim) {
    return claim.source.empty() ? claim.use : fmt::format("{} of {}", claim.use, claim.source);
}

const std::string& who(const PathClaim& claim) {
    return claim.source.empty() ? claim.path.native() : claim.source;
}

std::string remedy(const PathClaim& a, const PathClaim& b) {
    for (const PathClaim* claim : {&a, &b})
        if (claim->use.find("--collect") != std::string::npos)
            return "choose another name for --collect";
    if (!a.writes || !b.writes)
        return "nothing that is read is written: leave one out, or choose another --suffix or "
               "--output-dir";
    return "rename one, leave out --output-dir to write beside the inputs, or run them apart with "
           "another --output-dir or --suffix";
}

}  // namespace

ClaimedPaths::ClaimedPaths() : ClaimedPaths(cytofleet::ignores_case) {}

const ClaimedPaths::Folder& ClaimedPaths::folder_of(const fs::path& folder) {
    const auto [known, is_new] = folders_.try_emplace(folder.native());
    Folder& out = known->second;
    if (!is_new) return out;
    // A folder that may not be entered is compared by its name.
    std::error_code failed;
    const fs::path absolute = fs::absolute(folder.empty() ? fs::path(".") : folder, failed);
    // Twice, for `gone/../link` leads through a link only when `gone` is not there.
    fs::path full = fs::weakly_canonical(absolute, failed);
    if (!failed) full = fs::weakly_canonical(full, failed);
    if (failed) full = absolute.lexically_normal();
    if (!full.has_filename()) full = full.parent_path();  // `gone/..` leaves a slash behind
    const fs::path there = nearest_folder(full);
    const std::string rest = there == full ? "" : full.lexically_relative(there).native();
    struct stat facts {};
    const bool found = stat(there.c_str(), &facts) == 0;
    out.ignores_case = ignores_case_(there);
    out.key = found ? fmt::format("{}:{}", facts.st_dev, facts.st_ino) : there.native();
    out.key += '/' + (out.ignores_case ? without_case(rest) : rest) + '/';
    return out;
}

ClaimedPaths::Place ClaimedPaths::place_of(const fs::path& path) {
    constexpr int most_links = 40;
    give_sign_of_life();
    Place out;
    fs::path at = path;
    for (int links = 0; links <= most_links; ++links) {
        const std::string name = at.filename();
        const Folder& folder = folder_of(at.parent_path());
        out.names.push_back(folder.key + (folder.ignores_case ? without_case(name) : name));
        std::error_code failed;
        const fs::path target = fs::read_symlink(at, failed);
        if (failed) break;
        at = at.parent_path() / target;
    }
    struct stat facts {};
    // More than the number: there are file systems that give many files the same.
    if (stat(path.c_str(), &facts) == 0)
        out.file = fmt::format("{}:{} {} {}.{}", facts.st_dev, facts.st_ino, facts.st_size,
                               facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
    return out;
}

const PathClaim* ClaimedPaths::other(const Place& place, bool writes) const {
    for (const std::string& name : place.names) {
        const auto found = by_name_.find(name);
        if (found != by_name_.end() && (writes || found->second.writes)) return &found->second;
    }
    const auto& files = writes ? read_files_ : written_files_;
    const auto found = files.find(place.file);
    return place.file.empty() || found == files.end() ? nullptr : &found->second;
}

void ClaimedPaths::claim(PathClaim claim) {
    const Place place = place_of(claim.path);
    if (claim.writes) written_.push_back(claim.path);
    if (const PathClaim* first = other(place, claim.writes)) {
        if (clashing_.emplace(who(*first), who(claim)).second)
            clashes_.emplace_back(*first, std::move(claim));
        return;
    }
    for (const std::string& name : place.names) by_name_.emplace(name, claim);
    if (place.file.empty()) return;
    (claim.writes ? written_files_ : read_files_).emplace(place.file, std::move(claim));
}

void ClaimedPaths::read(const fs::path& path, std::string use, std::string source) {
    claim({path, std::move(use), std::move(source), false});
}

void ClaimedPaths::write(const fs::path& path, std::string use, std::string source) {
    claim({path, std::move(use), std::move(source), true});
}

bool ClaimedPaths::is_free(const fs::path& path) {
    return other(place_of(path), true) == nullptr;
}

void ClaimedPaths::refuse_clashes() const {
    if (clashes_.empty()) return;
    const auto& [a, b] = clashes_.front();
    std::string text = fmt::format("{} ({}) and {} ({}) are one file", show(a.path), text_of(a),
                                   show(b.path), text_of(b));
    if (a.writes && b.writes && a.use == b.use)
        text = fmt::format("{} and {} would both be written to {} ({})", a.source, b.source,
                           show(b.path), b.use);
    if (clashes_.size() > 1)
        text += fmt::format(" (and so for {})", count_of(clashes_.size() - 1, "more pair"));
    throw Error(ErrorKind::usage, fmt::format("{}; {}", text, remedy(a, b)));
}

}  // namespace cytofleet
