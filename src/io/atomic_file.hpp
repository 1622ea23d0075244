// A file that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace cytofleet {

/// Writes to a temporary name in the final folder; commit() fsyncs file and folder and renames.
/// Destroyed before that, it removes the temporary file. Errors are Error{output} naming the final
/// file and what to do.
class AtomicFile {
  public:
    explicit AtomicFile(std::filesystem::path path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    /// Where the bytes are until commit().
    const std::filesystem::path& temporary() const { return temporary_; }
    std::uint64_t end() const { return end_; }
    void append(std::span<const std::byte> bytes);
    /// Replaces bytes that were appended before.
    void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Forces what was written to the disk.
    void sync();
    void commit();

  private:
    [[noreturn]] void fail(std::string_view action) const;
    void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
    void close();

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;
    std::uint64_t end_ = 0;
};

/// A whole small file, the same way.
void write_text_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace cytofleet
