// Compressed planes on their way into an output: one file per rank and attempt, appended by it,
// read by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/guarded_folder.hpp"
#include "io/mask_writer.hpp"
#include "schedule/frame_record.hpp"

namespace cytofleet {

class Spool {
  public:
    /// Creates the file, which must not exist. Errors are Error{output}.
    Spool(std::filesystem::path path, std::int32_t number);
    /// Appends a plane; fills spool, offset, length and checksum of `record`.
    void append(const EncodedPlane& plane, FrameRecord& record);
    /// Forces what was appended to the disk.
    void sync();

  private:
    [[noreturn]] void fail(const char* what) const;

    std::filesystem::path path_;
    std::int32_t number_;
    Descriptor file_;
    std::uint64_t end_ = 0;
};

/// The plane a record points to, of `height` x `width` pixels. Throws Error{output} when its bytes
/// are not those that were written, or are no such plane. One that another user has written is
/// unpacked and its cells are counted again.
EncodedPlane read_spooled(const std::filesystem::path& spool, const FrameRecord& record,
                          std::int64_t height, std::int64_t width, const Owners& owners);

}  // namespace cytofleet
