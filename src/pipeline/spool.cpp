#include "pipeline/spool.hpp"

#include <cerrno>
#include <limits>
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

namespace {

/// No plane of so many pixels takes more: incompressible strips, and what is said about them.
std::uint64_t most_bytes(std::int64_t height, std::int64_t width) {
    return static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width) * 5 +
           static_cast<std::uint64_t>(height) * 64 + 4096;
}

std::vector<std::byte> read_at(int descriptor, std::uint64_t offset, std::uint64_t length) {
    std::vector<std::byte> out(length);
    std::size_t done = 0;
    while (done < out.size()) {
        const auto got = pread(descriptor, out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
}

bool is_as_told(const EncodedPlane& plane, const FrameRecord& record) {
    const LabelImage labels = decode_plane(plane);
    return labels.cells == record.cells && labels.largest == record.largest;
}

}  // namespace

Spool::Spool(std::filesystem::path path, std::int32_t number)
    : path_(std::move(path)), number_(number) {
    const GuardedFolder folder(path_.parent_path());
    errno = folder.error();
    if (folder.is_open()) file_ = Descriptor(folder.create(path_.filename()));
    if (!file_) fail("cannot be created");
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
        const auto wrote = pwrite(file_.number(), left.data(), left.size(), static_cast<off_t>(at));
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
    if (fdatasync(file_.number()) != 0) fail("cannot be forced to the disk");
    fault_point("after the spool's fsync");
}

EncodedPlane read_spooled(const std::filesystem::path& spool, const FrameRecord& record,
                          std::int64_t height, std::int64_t width, const Owners& owners) {
    const auto refuse = [&](std::string_view why) {
        throw Error(
            ErrorKind::output,
            fmt::format("{}: frame {} cannot be read back{}; is the output folder shared by all "
                        "ranks and the disk sound?",
                        show(spool), record.frame.t, why));
    };
    const GuardedFolder folder(spool.parent_path());
    BookFile file;
    if (folder.is_open())
        file = folder.open(spool.filename(), owners, std::numeric_limits<std::uint64_t>::max());
    if (!file.file) refuse(file.problem.empty() ? "" : fmt::format(" (it {})", file.problem));
    if (record.length > most_bytes(height, width) || record.length > file.bytes ||
        record.offset > file.bytes - record.length)
        refuse("");
    const auto bytes = read_at(file.file.number(), record.offset, record.length);
    if (bytes.size() != record.length || checksum(bytes) != record.checksum) refuse("");
    try {
        EncodedPlane plane = plane_from_bytes(bytes);
        const bool own = Owners{false, owners.self}.take(file.owner);
        if (plane.height == height && plane.width == width && can_hold(plane) &&
            (own || is_as_told(plane, record)))
            return plane;
    } catch (const Error&) {
        refuse(" (its plane is damaged)");
    }
    refuse(" (it is no such plane)");
    return {};
}

}  // namespace cytofleet
