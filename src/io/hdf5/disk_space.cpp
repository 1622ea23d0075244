#include "io/hdf5/disk_space.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet::hdf5 {

DiskSpace::DiskSpace(int descriptor, std::filesystem::path shown)
    : shown_(std::move(shown)), descriptor_(descriptor) {}

void DiskSpace::fail(int error) const {
    const bool full = error == ENOSPC || error == EDQUOT;
    throw Error(ErrorKind::output, fmt::format("{}: cannot be written: {}", show(shown_),
                                               full ? "the disk is full; free space and run again"
                                                    : std::strerror(error)));
}

std::uint64_t DiskSpace::size() const {
    struct stat facts {};
    if (fstat(descriptor_, &facts) != 0) fail(errno);
    return static_cast<std::uint64_t>(facts.st_size);
}

void DiskSpace::reserve(std::uint64_t bytes) {
    const std::uint64_t end = size() + bytes;
    if (fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(solid_),
                  static_cast<off_t>(end - solid_)) == 0)
        return;
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) fail(errno);
    struct statvfs room {};
    if (fstatvfs(descriptor_, &room) == 0 && std::uint64_t{room.f_bavail} * room.f_frsize < bytes)
        fail(ENOSPC);
}

void DiskSpace::flushed() {
    solid_ = size();
}

void DiskSpace::release() {
    if (ftruncate(descriptor_, static_cast<off_t>(size())) != 0) fail(errno);
}

}  // namespace cytofleet::hdf5
