#include "pipeline/spool.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

std::filesystem::path spool_path(const std::filesystem::path& folder, int rank) {
    return folder / fmt::format("rank-{}.spool", rank);
}

}  // namespace

Spool::Spool(const std::filesystem::path& folder, int rank)
    : path_(spool_path(folder, rank)),
      file_(path_, std::ios::binary | std::ios::trunc),
      rank_(rank) {
    if (!file_)
        throw Error(ErrorKind::output,
                    fmt::format("{}: cannot be created; check the permissions of "
                                "the output folder",
                                show(path_)));
}

void Spool::append(const EncodedPlane& plane, FrameRecord& record) {
    const auto bytes = to_bytes(plane);
    file_.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
    file_.flush();
    if (!file_)
        throw Error(ErrorKind::output,
                    fmt::format("{}: cannot be written; is the disk full? Free space and start the "
                                "run again",
                                show(path_)));
    record.rank = rank_;
    record.offset = end_;
    record.length = bytes.size();
    record.checksum = checksum(bytes);
    end_ += bytes.size();
}

EncodedPlane read_spooled(const std::filesystem::path& folder, const FrameRecord& record) {
    const auto path = spool_path(folder, record.rank);
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(record.offset));
    std::vector<std::byte> bytes(record.length);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file || checksum(bytes) != record.checksum)
        throw Error(
            ErrorKind::output,
            fmt::format("{}: frame {} cannot be read back; is the output folder shared by all "
                        "ranks and the disk sound?",
                        show(path), record.frame.t));
    return plane_from_bytes(bytes);
}

}  // namespace cytofleet
