#include "schedule/journal.hpp"

#include <cerrno>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/file_remedy.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
    const int error = errno;
    throw Error(ErrorKind::output, fmt::format("{}: {}: {}; frames done so far are kept",
                                               show(path), what, file_remedy(error)));
}

}  // namespace

std::filesystem::path journal_path(const std::filesystem::path& folder, const std::string& attempt,
                                   int rank) {
    return folder / fmt::format("{}-{}.journal", attempt, rank);
}

std::string spool_name(const std::string& attempt, int rank) {
    return fmt::format("{}-{}.spool", attempt, rank);
}

std::string stop_mark_name(const std::string& attempt, int rank) {
    return fmt::format("{}-{}{}", attempt, rank, stop_mark_end);
}

bool is_attempt_file(std::string_view name, std::string_view extension) {
    // As attempt_name() makes them, and a rank: 20260131T120000-0123456789abcdef-12.
    constexpr std::string_view pattern = "########T######-hhhhhhhhhhhhhhhh-";
    if (!name.ends_with(extension) || name.size() <= pattern.size() + extension.size())
        return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool digit = name[i] >= '0' && name[i] <= '9';
        const bool letter = name[i] >= 'a' && name[i] <= 'f';
        const bool fits = pattern[i] == '#'   ? digit
                          : pattern[i] == 'h' ? digit || letter
                                              : name[i] == pattern[i];
        if (!fits) return false;
    }
    const auto rank = name.substr(pattern.size(), name.size() - pattern.size() - extension.size());
    return rank.find_first_not_of("0123456789") == std::string_view::npos;
}

Journal::Journal(const std::filesystem::path& folder, const AttemptEvent& attempt)
    : path_(journal_path(folder, attempt.attempt, attempt.rank)), folder_(folder) {
    errno = folder_.error();
    if (folder_.is_open()) file_ = Descriptor(folder_.create(path_.filename()));
    if (!file_) fail(path_, "cannot be created");
    mark_.emplace(folder_.descriptor(), stop_mark_name(attempt.attempt, attempt.rank));
    try {
        add(attempt);
    } catch (...) {
        unlinkat(folder_.descriptor(), path_.filename().c_str(), 0);
        throw;
    }
}

void Journal::add(const JournalEvent& event) {
    const std::string line = line_of(event) + "\n";
    const std::lock_guard lock(mutex_);
    fault_point("before the journal's write");
    if (!write_all(file_.number(), end_, line)) {
        const int error = errno;
        // Half a line must not spoil the next one; the next write stands where this one did.
        [[maybe_unused]] const int cut = ftruncate(file_.number(), static_cast<off_t>(end_));
        errno = error;
        fail(path_, "cannot be written");
    }
    end_ += line.size();
    fault_point("after the journal's write");
}

void Journal::sync() {
    fault_point("before the journal's fsync");
    if (fdatasync(file_.number()) != 0) fail(path_, "cannot be forced to the disk");
    fault_point("after the journal's fsync");
}

}  // namespace cytofleet
