#include "base/guarded_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/new_file.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

bool is_plain(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

Entry entry_of(const struct stat& facts) {
    Entry out;
    out.kind = S_ISREG(facts.st_mode)   ? EntryKind::file
               : S_ISDIR(facts.st_mode) ? EntryKind::folder
               : S_ISLNK(facts.st_mode) ? EntryKind::link
                                        : EntryKind::other;
    out.owner = facts.st_uid;
    out.bytes = static_cast<std::uint64_t>(facts.st_size);
    return out;
}

std::string not_readable(int error) {
    return fmt::format("cannot be read ({})", std::strerror(error));
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) close(number_);
}

Entry look_at(const std::filesystem::path& path) {
    struct stat facts {};
    return lstat(path.c_str(), &facts) == 0 ? entry_of(facts) : Entry{};
}

bool is_books_name(std::string_view name) {
    constexpr std::string_view plain = ".cytofleet";
    return name == plain ||
           (name.starts_with(plain) && name.size() > plain.size() + 1 &&
            name[plain.size()] == '-' &&
            name.find_first_not_of("0123456789", plain.size() + 1) == std::string_view::npos);
}

GuardedFolder::GuardedFolder(const std::filesystem::path& path, Links links) {
    const std::filesystem::path some = path.empty() ? std::filesystem::path(".") : path;
    const std::filesystem::path before = some.parent_path();
    if (links == Links::all) {
        folder_ = Descriptor(::open(some.c_str(), folder_flags));
    } else if (some.has_filename() && is_books_name(before.filename().native())) {
        const Descriptor books(::open(before.c_str(), folder_flags | O_NOFOLLOW));
        if (books)
            folder_ = Descriptor(
                openat(books.number(), some.filename().c_str(), folder_flags | O_NOFOLLOW));
    } else {
        folder_ = Descriptor(::open(some.c_str(), folder_flags | O_NOFOLLOW));
    }
    if (!folder_) error_ = errno;
}

std::uint32_t GuardedFolder::owner() const {
    struct stat facts {};
    return fstat(descriptor(), &facts) == 0 ? facts.st_uid : ~std::uint32_t{0};
}

std::vector<std::string> GuardedFolder::names() const {
    std::vector<std::string> out;
    // A descriptor of its own: the place in the listing is shared by copies.
    const int copy = openat(descriptor(), ".", folder_flags);
    if (copy < 0) return out;
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(copy), closedir);
    if (!listing) {
        close(copy);
        return out;
    }
    while (const dirent* entry = readdir(listing.get())) {
        std::string name = entry->d_name;
        if (is_plain(name)) out.push_back(std::move(name));
    }
    std::ranges::sort(out);
    return out;
}

Entry GuardedFolder::look(const std::string& name) const {
    struct stat facts {};
    if (!is_plain(name) || fstatat(descriptor(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return {};
    return entry_of(facts);
}

BookFile GuardedFolder::open(const std::string& name, const Owners& owners,
                             std::uint64_t most) const {
    BookFile out;
    // Before it is opened, for that alone may do something with a device.
    const Entry entry = look(name);
    if (entry.kind == EntryKind::none) return out;
    if (entry.kind != EntryKind::file) {
        out.problem = entry.kind == EntryKind::link ? "is a link" : "is no file";
        return out;
    }
    const auto foreign = [&](std::uint32_t owner) {
        return fmt::format("belongs to {} (--share-books takes it)", user_name(owner));
    };
    if (!owners.take(entry.owner)) {
        out.problem = foreign(entry.owner);
        return out;
    }
    Descriptor file(
        openat(descriptor(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat facts {};
    if (!file || fstat(file.number(), &facts) != 0) {
        if (errno != ENOENT) out.problem = not_readable(errno);
        return out;
    }
    out.bytes = static_cast<std::uint64_t>(facts.st_size);
    out.owner = facts.st_uid;
    if (!S_ISREG(facts.st_mode))
        out.problem = "is no file";
    else if (!owners.take(out.owner))
        out.problem = foreign(out.owner);
    else if (out.bytes > most)
        out.problem = fmt::format("is larger than {}", human_bytes(most));
    else
        out.file = std::move(file);
    return out;
}

int GuardedFolder::create(const std::string& name) const {
    if (!is_plain(name)) {
        errno = EINVAL;
        return -1;
    }
    return create_locked(descriptor(), name, 0644);
}

bool GuardedFolder::remove(const std::string& name, const Owners& owners) const {
    const Entry entry = look(name);
    if (entry.kind != EntryKind::file && entry.kind != EntryKind::link) return false;
    return owners.take(entry.owner) && unlinkat(descriptor(), name.c_str(), 0) == 0;
}

std::filesystem::path path_of(int descriptor, const std::filesystem::path& otherwise) {
    std::filesystem::path out = fmt::format("/proc/self/fd/{}", descriptor);
    return access(out.c_str(), F_OK) == 0 ? out : otherwise;
}

bool LineReader::fill() {
    if (ended_) return false;
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t before = buffer_.size();
    constexpr std::size_t piece = 1 << 16;
    buffer_.resize(before + piece);
    ssize_t got = 0;
    do {
        got = pread(descriptor_, buffer_.data() + before, piece, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    failed_ = failed_ || got < 0;
    ended_ = got <= 0;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    offset_ += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    return !ended_;
}

bool LineReader::next(std::string& line) {
    too_long_ = false;
    line.clear();
    std::size_t searched = 0;
    while (true) {
        const std::size_t end = buffer_.find('\n', at_ + searched);
        if (end != std::string::npos) {
            if (!too_long_ && end - at_ <= most_) line = buffer_.substr(at_, end - at_);
            too_long_ = too_long_ || end - at_ > most_;
            at_ = end + 1;
            return true;
        }
        searched = buffer_.size() - at_;
        if (searched > most_) {
            too_long_ = true;
            at_ = buffer_.size();
            searched = 0;
        }
        if (fill()) continue;
        torn_ = searched > 0 || too_long_;
        if (!too_long_) line = buffer_.substr(at_);
        at_ = buffer_.size();
        return torn_;
    }
}

std::string read_up_to(int descriptor, std::size_t most) {
    std::string out;
    std::array<char, 1 << 16> piece{};
    while (out.size() < most) {
        const auto got = pread(descriptor, piece.data(), std::min(piece.size(), most - out.size()),
                               static_cast<off_t>(out.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

namespace {

/// What a path means and who made the links on the way of its last part.
struct Target {
    Descriptor place;  ///< O_PATH
    struct stat facts {};
    std::vector<std::uint32_t> link_owners;
};

constexpr int way_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

Descriptor folder_at(int from, const std::filesystem::path& folder, int more = 0) {
    return Descriptor(openat(from, folder.empty() ? "." : folder.c_str(), way_flags | more));
}

/// The folder of `path`, held. False with errno set.
bool hold_folder(const std::filesystem::path& path, const std::filesystem::path& below,
                 Descriptor& out) {
    const std::filesystem::path folder = path.parent_path();
    if (below.empty()) {
        out = folder_at(AT_FDCWD, folder);
        return static_cast<bool>(out);
    }
    out = folder_at(AT_FDCWD, below);
    for (const auto& part : folder.lexically_relative(below)) {
        if (!out) return false;
        if (part == ".." || part.has_root_path()) {
            errno = EPERM;
            return false;
        }
        out = folder_at(out.number(), part, O_NOFOLLOW);
    }
    return static_cast<bool>(out);
}

/// Link by link, each held while it is looked at, so that none can be exchanged meanwhile. False
/// with errno set.
bool find_target(const std::filesystem::path& path, const std::filesystem::path& below,
                 Target& out) {
    constexpr int most_links = 40;  // as the kernel has it
    Descriptor folder;
    if (!hold_folder(path, below, folder)) return false;
    std::filesystem::path name = path.filename();
    for (int links = 0; links <= most_links; ++links) {
        out.place = Descriptor(openat(folder.number(), name.empty() ? "." : name.c_str(),
                                      O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!out.place || fstat(out.place.number(), &out.facts) != 0) return false;
        if (!S_ISLNK(out.facts.st_mode)) return true;
        out.link_owners.push_back(out.facts.st_uid);
        std::string text(4096, '\0');
        const auto length = readlinkat(out.place.number(), "", text.data(), text.size());
        if (length < 0) return false;
        text.resize(static_cast<std::size_t>(length));
        const std::filesystem::path to(text);
        folder = folder_at(folder.number(), to.parent_path());
        if (!folder) return false;
        name = to.filename();
    }
    errno = ELOOP;
    return false;
}

bool may_follow(const Target& target) {
    return std::ranges::all_of(target.link_owners, [&](std::uint32_t owner) {
        return owner == target.facts.st_uid || owner == this_user();
    });
}

}  // namespace

int open_regular(const std::filesystem::path& path, const Route& route) {
    Descriptor file;
    if (route.links != Links::all || !route.below.empty()) {
        Target target;
        if (!find_target(path, route.below, target)) return -1;
        const bool link = !target.link_owners.empty();
        if ((route.links == Links::of_owners && !may_follow(target)) ||
            (route.links == Links::none && link)) {
            errno = EPERM;
            return -1;
        }
        if (!S_ISREG(target.facts.st_mode)) {
            errno = EINVAL;
            return -1;
        }
        const auto name = path_of(target.place.number(), path);
        file = Descriptor(open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        struct stat facts {};
        if (file && (fstat(file.number(), &facts) != 0 || facts.st_ino != target.facts.st_ino ||
                     facts.st_dev != target.facts.st_dev)) {
            errno = EPERM;
            return -1;
        }
    } else {
        file = Descriptor(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    if (!file) return -1;
    struct stat facts {};
    if (fstat(file.number(), &facts) != 0) return -1;
    if (!S_ISREG(facts.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return file.release();
}

bool follows(const std::filesystem::path& path, const std::filesystem::path& below) {
    Target target;
    return find_target(path, below, target) && may_follow(target);
}

}  // namespace cytofleet
