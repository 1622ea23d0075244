// A file opened for reading at any position, with its length known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/guarded_folder.hpp"

namespace cytofleet {

/// Throws Error{input} with "<path>: <problem>".
[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& problem);

/// Read with pread, never mapped: a file cut while it is open gives a short read, not a signal.
class InputFile {
  public:
    /// Throws Error{input} when the path cannot be opened or is not a regular file, or is a link
    /// that is not to be followed.
    explicit InputFile(std::filesystem::path path, const Route& route = {});
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::uint64_t size() const { return size_; }
    /// Number of bytes read: fewer than asked at the end of the file or on a device error.
    std::size_t read_some(std::uint64_t offset, std::span<std::byte> out) const;
    /// Fills `out` or throws Error{input}.
    void read(std::uint64_t offset, std::span<std::byte> out) const;

  private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace cytofleet
