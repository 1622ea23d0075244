// Files of a folder that other users may write too: nothing that lies there can lead elsewhere,
// hang or fill the memory of whoever looks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/owners.hpp"

namespace cytofleet {

/// Closes itself.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    int release() { return std::exchange(number_, -1); }

  private:
    int number_;
};

/// Which links at the end of a path are followed.
enum class Links {
    all,
    of_owners,  ///< whose owner is that of what they lead to, or the user
    none
};

/// How the way to a file is gone.
struct Route {
    Links links = Links::all;
    /// A folder that the path begins with, and after which no folder may be a link: there was none
    /// when somebody looked. Empty: any may.
    std::filesystem::path below = {};
};

/// A file opened for reading, or why it was not: neither when it is not there.
struct BookFile {
    Descriptor file;
    std::string problem;  ///< for people, to stand after the name; empty: none
    std::uint64_t bytes = 0;
    std::uint32_t owner = 0;
};

/// What a name stands for; links are not followed.
enum class EntryKind { none, file, folder, link, other };
struct Entry {
    EntryKind kind = EntryKind::none;
    std::uint32_t owner = 0;
    std::uint64_t bytes = 0;
};
Entry look_at(const std::filesystem::path& path);

/// A folder held open: whatever becomes of its name, this is the one that was looked at. Names are
/// of entries, without any folder; others are never there.
class GuardedFolder {
  public:
    /// Where no links are followed the last part of `path` may be none, nor the one before it where
    /// that is `.cytofleet` or the like. Without success is_open() is false and error() tells why.
    explicit GuardedFolder(const std::filesystem::path& path, Links links = Links::none);

    bool is_open() const { return static_cast<bool>(folder_); }
    int error() const { return error_; }
    /// Meant for *at() calls.
    int descriptor() const { return folder_.number(); }
    std::uint32_t owner() const;
    /// Sorted.
    std::vector<std::string> names() const;
    Entry look(const std::string& name) const;
    /// For reading. Regular files of `owners` alone, up to `most` bytes; never waits.
    BookFile open(const std::string& name, const Owners& owners, std::uint64_t most) const;
    /// Creates a file that only its owner can write and so lock, else with the rights that umask
    /// and the folder's rules give; locked as lock_for_life() does. -1 with errno set, EEXIST when
    /// there is anything of that name.
    int create(const std::string& name) const;
    /// Removes a regular file of `owners`, or a name that is a link of theirs; nothing else.
    bool remove(const std::string& name, const Owners& owners) const;

  private:
    Descriptor folder_;
    int error_ = 0;
};

/// `.cytofleet` and `.cytofleet-1002`: where books lie.
bool is_books_name(std::string_view name);

/// A name that leads to the file of an open descriptor and to no other; `otherwise` where the
/// system has none.
std::filesystem::path path_of(int descriptor, const std::filesystem::path& otherwise);

/// Lines of an open file, in pieces of limited memory.
class LineReader {
  public:
    /// `most`: bytes of a line.
    LineReader(int descriptor, std::size_t most) : descriptor_(descriptor), most_(most) {}
    /// False at the end. `line` is without its newline, and empty where `too_long()`.
    bool next(std::string& line);
    bool too_long() const { return too_long_; }
    /// The last line had no newline.
    bool torn() const { return torn_; }
    bool failed() const { return failed_; }

  private:
    bool fill();

    int descriptor_;
    std::size_t most_;
    std::string buffer_;
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;
    bool ended_ = false;
    bool too_long_ = false;
    bool torn_ = false;
    bool failed_ = false;
};

/// All of an open file, up to `most` bytes.
std::string read_up_to(int descriptor, std::size_t most);

/// Opens a regular file for reading, never waiting. -1 with errno set: EINVAL for what is no
/// regular file, EPERM for a link that is not followed, ENOTDIR for a link instead of a folder.
int open_regular(const std::filesystem::path& path, const Route& route);
/// Whether open_regular() would follow what `path` is.
bool follows(const std::filesystem::path& path, const std::filesystem::path& below = {});

}  // namespace cytofleet
