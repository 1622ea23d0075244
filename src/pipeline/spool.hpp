// Compressed planes on their way into an output: one file per rank, appended by it, read by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "io/mask_writer.hpp"
#include "schedule/master.hpp"

namespace cytofleet {

class Spool {
  public:
    /// Creates `<folder>/rank-<rank>.spool`. Errors are Error{output}.
    Spool(const std::filesystem::path& folder, int rank);
    /// Appends a plane; fills rank, offset, length and checksum of `record`.
    void append(const EncodedPlane& plane, FrameRecord& record);

  private:
    std::filesystem::path path_;
    std::ofstream file_;
    int rank_;
    std::uint64_t end_ = 0;
};

/// The plane a record points to. Throws Error{output} when its bytes are not those that were
/// written.
EncodedPlane read_spooled(const std::filesystem::path& folder, const FrameRecord& record);

}  // namespace cytofleet
