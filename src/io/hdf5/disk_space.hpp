// Room on the disk, taken before HDF5 writes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace cytofleet::hdf5 {

/// A full disk in the middle of a collective write leaves HDF5's ranks waiting for each other, so
/// one rank asks for the room first. Where the file system cannot set room aside, it is asked how
/// much there is.
class DiskSpace {
  public:
    /// Of an open file, which stays the caller's; errors are Error{output} that name `shown`.
    DiskSpace(int descriptor, std::filesystem::path shown);
    /// For `bytes` more than the file has now.
    void reserve(std::uint64_t bytes);
    /// All that was written so far is in the file.
    void flushed();
    /// Gives back what was not needed.
    void release();

  private:
    std::uint64_t size() const;
    [[noreturn]] void fail(int error) const;

    std::filesystem::path shown_;
    int descriptor_;
    std::uint64_t solid_ = 0;  ///< no holes below
};

}  // namespace cytofleet::hdf5
