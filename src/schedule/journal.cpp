#include "schedule/journal.hpp"

#include <cerrno>
#include <fcntl.h>
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

Journal::Journal(const std::filesystem::path& folder, const AttemptEvent& attempt)
    : path_(journal_path(folder, attempt.attempt, attempt.rank)),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail(path_, "cannot be created");
    lock_for_life(descriptor_);
    try {
        add(attempt);
    } catch (...) {
        close(descriptor_);
        unlink(path_.c_str());
        throw;
    }
}

Journal::~Journal() {
    close(descriptor_);
}

void Journal::add(const JournalEvent& event) {
    const std::string line = line_of(event) + "\n";
    const std::lock_guard lock(mutex_);
    fault_point("before the journal's write");
    if (!write_all(descriptor_, end_, line)) {
        const int error = errno;
        // Half a line must not spoil the next one; the next write stands where this one did.
        [[maybe_unused]] const int cut = ftruncate(descriptor_, static_cast<off_t>(end_));
        errno = error;
        fail(path_, "cannot be written");
    }
    end_ += line.size();
    fault_point("after the journal's write");
}

void Journal::sync() {
    fault_point("before the journal's fsync");
    if (fdatasync(descriptor_) != 0) fail(path_, "cannot be forced to the disk");
    fault_point("after the journal's fsync");
}

}  // namespace cytofleet
