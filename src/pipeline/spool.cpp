#include "pipeline/spool.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/fault_point.hpp"
#include "base/file_remedy.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace cytofleet {

Spool::Spool(std::filesystem::path path, std::int32_t number)
    : path_(std::move(path)),
      number_(number),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail("cannot be created");
}

Spool::~Spool() {
    close(descriptor_);
}

void Spool::fail(const char* what) const {
    const int error = errno;
    throw Error(ErrorKind::output, fmt::format("{}: {}: {}; frames done so far are kept",
                                               show(path_), what, file_remedy(error)));
}

void Spool::append(const EncodedPlane& plane, FrameRecord& record) {
    const auto bytes = to_bytes(plane);
    fault_point("before the spool's write");
    std::uint64_t at = end_;
    for (std::span<const std::byte> left = bytes; !left.empty();) {
        const auto wrote = pwrite(descriptor_, left.data(), left.size(), static_cast<off_t>(at));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) fail("cannot be written");
        at += static_cast<std::uint64_t>(wrote);
        left = left.subspan(static_cast<std::size_t>(wrote));
    }
    fault_point("after the spool's write");
    record.spool = number_;
    record.offset = end_;
    record.length = bytes.size();
    record.checksum = checksum(bytes);
    end_ += bytes.size();
}

void Spool::sync() {
    if (fdatasync(descriptor_) != 0) fail("cannot be forced to the disk");
    fault_point("after the spool's fsync");
}

EncodedPlane read_spooled(const std::filesystem::path& spool, const FrameRecord& record) {
    std::ifstream file(spool, std::ios::binary | std::ios::ate);
    const auto size = file ? static_cast<std::uint64_t>(file.tellg()) : 0;
    const bool inside = record.length <= size && record.offset <= size - record.length;
    std::vector<std::byte> bytes(inside ? record.length : 0);
    file.seekg(static_cast<std::streamoff>(record.offset));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file || !inside || checksum(bytes) != record.checksum)
        throw Error(
            ErrorKind::output,
            fmt::format("{}: frame {} cannot be read back; is the output folder shared by all "
                        "ranks and the disk sound?",
                        show(spool), record.frame.t));
    return plane_from_bytes(bytes);
}

}  // namespace cytofleet
