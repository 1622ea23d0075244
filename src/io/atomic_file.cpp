#include "io/atomic_file.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_remedy.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), folder_(path_.parent_path(), Links::all) {
    errno = folder_.error();
    std::string name;
    if (folder_.is_open())
        file_ = Descriptor(create_temporary(folder_.descriptor(), path_.filename(), name));
    if (!file_) fail("cannot be created");
    temporary_ = path_.parent_path() / name;
}

AtomicFile::~AtomicFile() {
    if (temporary_.empty() || (file_ && !is_ours(temporary_.filename()))) return;
    unlinkat(folder_.descriptor(), temporary_.filename().c_str(), 0);
}

void AtomicFile::fail(std::string_view action) const {
    const int error = errno;
    throw Error(ErrorKind::output,
                fmt::format("{}: {}: {}", show(path_), action, file_remedy(error)));
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto wrote =
            pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (wrote < 0) {
            if (errno == EINTR) continue;
            fail("cannot be written");
        }
        offset += static_cast<std::uint64_t>(wrote);
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
}

void AtomicFile::append(std::span<const std::byte> bytes) {
    write_at(end_, bytes);
    end_ += bytes.size();
}

void AtomicFile::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
    ensure(offset + bytes.size() <= end_, "only what was appended is overwritten");
    write_at(offset, bytes);
}

void AtomicFile::sync() {
    if (fsync(file_.number()) != 0) fail("cannot be forced to the disk");
}

bool AtomicFile::is_ours(const std::string& name) const {
    const int descriptor = file_ ? file_.number() : kept_.number();
    struct stat ours {};
    struct stat there {};
    return fstat(descriptor, &ours) == 0 &&
           fstatat(folder_.descriptor(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void AtomicFile::close() {
    kept_ = Descriptor(fcntl(file_.number(), F_DUPFD_CLOEXEC, 0));
    // Network file systems report a full disk as late as here.
    if (::close(file_.release()) != 0) fail("cannot be closed");
}

/// False when the name is not free.
bool AtomicFile::take_free_name() {
    const int folder = folder_.descriptor();
    const std::string from = temporary_.filename();
    const std::string to = path_.filename();
    if (renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) return false;
    // Network file systems have no such rename.
    if (linkat(folder, from.c_str(), folder, to.c_str(), 0) == 0) {
        unlinkat(folder, from.c_str(), 0);
        return true;
    }
    if (errno == EEXIST) return false;
    struct stat there {};
    if (fstatat(folder, to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) return false;
    if (renameat(folder, from.c_str(), folder, to.c_str()) != 0)
        fail("cannot be renamed to its final name");
    return true;
}

void AtomicFile::commit(const MayReplace& may_replace) {
    sync();
    close();
    const std::string from = temporary_.filename();
    const std::string to = path_.filename();
    constexpr const char* action = "cannot be renamed to its final name";
    if (!is_ours(from)) {
        struct stat there {};
        const bool gone =
            fstatat(folder_.descriptor(), from.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0;
        if (gone) fail(action);
        temporary_.clear();
        throw Error(ErrorKind::output,
                    fmt::format("{}: {}: somebody has put another file in place of {}; choose a "
                                "folder that only you may write",
                                show(path_), action, show(from)));
    }
    if (!may_replace || !take_free_name()) {
        if (may_replace && !may_replace(path_))
            throw Error(ErrorKind::output,
                        fmt::format("{}: has appeared since the run began, from other settings or "
                                    "another program; choose --overwrite or another --output-dir",
                                    show(path_)));
        if (renameat(folder_.descriptor(), from.c_str(), folder_.descriptor(), to.c_str()) != 0)
            fail(action);
    }
    temporary_.clear();
    if (!is_ours(to))
        throw Error(ErrorKind::output,
                    fmt::format("{}: somebody has put another file in its place; choose a folder "
                                "that only you may write",
                                show(path_)));
    sync_folder(path_.parent_path());
}

void write_text_atomically(const std::filesystem::path& path, std::string_view text,
                           const MayReplace& may_replace) {
    AtomicFile file(path);
    file.append(std::as_bytes(std::span(text)));
    file.commit(may_replace);
}

std::int64_t time_of_change(int descriptor) {
    struct stat facts {};
    ensure(fstat(descriptor, &facts) == 0, "an open file has a time of change");
    const std::chrono::sys_time<std::chrono::nanoseconds> time(
        std::chrono::seconds(facts.st_mtim.tv_sec) +
        std::chrono::nanoseconds(facts.st_mtim.tv_nsec));
    return std::chrono::file_clock::from_sys(time).time_since_epoch().count();
}

bool can_be_put(const std::filesystem::path& path, std::string& why) {
    struct stat file {};
    struct stat folder {};
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (stat(parent.c_str(), &folder) != 0) return true;
    if (!S_ISDIR(folder.st_mode)) {
        why = fmt::format("cannot be written: {} is no folder", show(parent));
        return false;
    }
    if (faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        const int error = errno;
        why = fmt::format("cannot be written: {} ({}; the folder belongs to {})", show(parent),
                          std::strerror(error), user_name(folder.st_uid));
        return false;
    }
    if (lstat(path.c_str(), &file) != 0) return true;
    if (S_ISDIR(file.st_mode)) {
        why = "is a folder";
        return false;
    }
    const std::uint32_t self = this_user();
    if ((folder.st_mode & S_ISVTX) == 0 || self == 0 || file.st_uid == self ||
        folder.st_uid == self)
        return true;
    why = fmt::format(
        "belongs to {}, and in its folder only owners may replace files (the sticky "
        "bit)",
        user_name(file.st_uid));
    return false;
}

}  // namespace cytofleet
