#include "pipeline/set_parts.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_named = 8;

/// The file itself, whatever links lead to it.
fs::path place_of(const fs::path& file) {
    std::error_code failed;
    fs::path place = fs::weakly_canonical(file, failed);
    return failed ? fs::absolute(file, failed).lexically_normal() : place;
}

std::set<fs::path> files_of(const FileInfo& info) {
    std::set<fs::path> out;
    for (const fs::path& member : info.members) out.insert(place_of(member));
    return out;
}

}  // namespace

bool SetParts::holds(const fs::path& file) {
    const auto owner = owners_.find(place_of(file));
    if (owner == owners_.end()) return false;
    parts_[owner->second].push_back(file);
    return true;
}

void SetParts::opened(const FileInfo& info) {
    if (info.members.size() < 2 && info.description.empty()) return;
    for (const fs::path& member : files_of(info)) owners_.emplace(member, info.path);
    if (!info.description.empty()) owners_.emplace(place_of(info.description), info.path);
}

void SetParts::leave_one_of_each(std::vector<FileInfo>& files) {
    std::vector<std::set<fs::path>> sets;
    sets.reserve(files.size());
    std::map<fs::path, std::vector<std::size_t>> with;  // sets of several files, by file
    for (std::size_t i = 0; i < files.size(); ++i) {
        sets.push_back(files_of(files[i]));
        if (sets[i].size() < 2) continue;
        for (const fs::path& file : sets[i]) with[file].push_back(i);
    }
    std::vector<FileInfo> kept;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto others = sets[i].empty() ? with.end() : with.find(*sets[i].begin());
        const std::size_t none = files.size();
        std::size_t whole = none;
        if (others != with.end()) {
            for (const std::size_t k : others->second) {
                const bool more =
                    sets[k].size() > sets[i].size() || (sets[k].size() == sets[i].size() && k < i);
                if (more && std::ranges::includes(sets[k], sets[i])) {
                    whole = k;
                    break;
                }
            }
        }
        if (whole == none) {
            kept.push_back(files[i]);
            continue;
        }
        auto own = std::move(parts_[files[i].path]);
        parts_.erase(files[i].path);
        auto& parts = parts_[files[whole].path];
        parts.push_back(files[i].path);
        parts.insert(parts.end(), own.begin(), own.end());
    }
    files = std::move(kept);
}

std::vector<std::string> SetParts::notes() const {
    std::vector<std::string> out;
    for (const auto& [input, parts] : parts_) {
        std::string names;
        for (std::size_t i = 0; i < std::min(parts.size(), most_named); ++i)
            names += (i == 0 ? "" : ", ") + show(parts[i].filename());
        if (parts.size() > most_named)
            names += fmt::format(" and {} more", parts.size() - most_named);
        out.push_back(fmt::format("{} stands for its set; {} part of it, too: {}", show(input),
                                  parts.size() == 1
                                      ? "another input is"
                                      : fmt::format("{} other inputs are", parts.size()),
                                  names));
    }
    return out;
}

}  // namespace cytofleet
