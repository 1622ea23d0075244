#include "io/atomic_file.hpp"

#include <cerrno>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_remedy.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), descriptor_(open_temporary(path_, temporary_)) {
    if (descriptor_ < 0) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::fail(std::string_view action) const {
    const int error = errno;
    throw Error(ErrorKind::output,
                fmt::format("{}: {}: {}", show(path_), action, file_remedy(error)));
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
    sync_folder(path_.parent_path());
}

void write_text_atomically(const std::filesystem::path& path, std::string_view text) {
    AtomicFile file(path);
    file.append(std::as_bytes(std::span(text)));
    file.commit();
}

}  // namespace cytofleet
