#include "io/atomic_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

std::string remedy(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "the disk is full; free space and run again";
        case EFBIG:
            return "the file system takes no file this large; choose another --output-dir";
        case EROFS:
            return "the file system is read-only; choose another --output-dir";
        case EACCES:
        case EPERM:
            return "no permission; choose another --output-dir";
        case ENOENT:
            return "the folder is gone; was it removed during the run?";
        default:
            return std::strerror(error);
    }
}

/// mkstemp makes files for the owner alone; results get what the user's umask allows.
mode_t usual_mode() {
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    std::string name = path_.native() + ".XXXXXX.tmp";
    descriptor_ = mkstemps(name.data(), 4);
    if (descriptor_ < 0) fail("cannot be created");
    temporary_ = name;
    fchmod(descriptor_, usual_mode());
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::fail(std::string_view action) const {
    const int error = errno;
    throw Error(ErrorKind::output, fmt::format("{}: {}: {}", show(path_), action, remedy(error)));
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto wrote =
            pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
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
    if (fsync(descriptor_) != 0) fail("cannot be forced to the disk");
}

void AtomicFile::close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    // Network file systems report a full disk as late as here.
    if (::close(descriptor) != 0) fail("cannot be closed");
}

void AtomicFile::commit() {
    sync();
    close();
    if (rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be renamed to its final name");
    temporary_.clear();
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;  // some file systems do not let a folder be opened; the rename stands
    fsync(directory);
    ::close(directory);
}

void write_text_atomically(const std::filesystem::path& path, std::string_view text) {
    AtomicFile file(path);
    file.append(std::as_bytes(std::span(text)));
    file.commit();
}

}  // namespace cytofleet
