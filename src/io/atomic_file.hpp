// A file that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/guarded_folder.hpp"

namespace cytofleet {

/// Says whether what has the name by now may be replaced; none: it always may.
using MayReplace = std::function<bool(const std::filesystem::path&)>;

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
    /// The open file, for those who read it back or write it by other means: what has the temporary
    /// name may be another one by then. Until commit().
    int descriptor() const { return file_.number(); }
    std::uint64_t end() const { return end_; }
    void append(std::span<const std::byte> bytes);
    /// Replaces bytes that were appended before.
    void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Forces what was written to the disk.
    void sync();
    /// An error when there is a file that may not be replaced, or when the temporary name has
    /// become that of another file.
    void commit(const MayReplace& may_replace = {});

  private:
    [[noreturn]] void fail(std::string_view action) const;
    void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
    bool is_ours(const std::string& name) const;
    bool take_free_name();
    void close();

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    GuardedFolder folder_;
    Descriptor file_;
    Descriptor kept_;  ///< the same file, with its lock, while it is renamed
    std::uint64_t end_ = 0;
};

/// A whole small file, the same way.
void write_text_atomically(const std::filesystem::path& path, std::string_view text,
                           const MayReplace& may_replace = {});

/// When an open file was changed last, by std::filesystem's clock.
std::int64_t time_of_change(int descriptor);

/// Whether a file can get that name by a rename: not where the folder takes no files from this
/// user, nor in place of a folder, nor of another's file in a folder where only owners may (the
/// sticky bit). `why` tells why not. A folder that is not there yet is not looked for.
bool can_be_put(const std::filesystem::path& path, std::string& why);

}  // namespace cytofleet
