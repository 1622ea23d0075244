#include "base/new_file.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <random>
#include <span>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "base/guarded_folder.hpp"
#include "base/hash.hpp"

namespace cytofleet {
namespace {

constexpr std::string_view temporary_start = "cytofleet-";
constexpr std::string_view temporary_end = ".tmp";
constexpr std::size_t hash_letters = 16;
constexpr std::size_t random_letters = 6;

/// How the temporary names of a file begin.
std::string start_for(const std::string& name) {
    return fmt::format("{}{:016x}.", temporary_start, checksum(std::as_bytes(std::span(name))));
}

/// The beginning of a temporary name; empty when it is none.
std::string start_of(const std::string& name) {
    constexpr std::size_t start = temporary_start.size() + hash_letters + 1;
    if (name.size() != start + random_letters + temporary_end.size() ||
        !name.starts_with(temporary_start) || name[start - 1] != '.' ||
        !name.ends_with(temporary_end))
        return {};
    return name.substr(0, start);
}

/// One byte beyond all content: MPI-IO locks what it writes, of this file too, and would wait for
/// ever. Of this open file and not of the process: the lock goes with the descriptor alone.
struct flock lock_of(short type) {
    struct flock out {};
    out.l_type = type;
    out.l_whence = SEEK_SET;
    out.l_start = off_t{1} << 62;
    out.l_len = 1;
    return out;
}

bool try_lock(int descriptor) {
    // Other than flock(), it takes a descriptor that may write.
    struct flock lock = lock_of(F_WRLCK);
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

std::string random_name() {
    constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    std::random_device random;
    std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
    std::string out;
    for (std::size_t i = 0; i < random_letters; ++i) out += letters[any(random)];
    return out;
}

}  // namespace

bool lock_for_life(int descriptor, std::chrono::milliseconds patience) {
    // Whoever looks whether a temporary file's owner is alive holds the lock for a moment.
    constexpr auto pause = std::chrono::milliseconds(5);
    for (auto waited = std::chrono::milliseconds(0); !try_lock(descriptor); waited += pause) {
        const bool held = errno == EAGAIN || errno == EACCES;
        if ((!held && errno != EINTR) || waited >= patience) return false;
        std::this_thread::sleep_for(pause);
    }
    return true;
}

bool is_locked(int descriptor) {
    // Only writers' locks are asked for: a reader's does not count.
    struct flock lock = lock_of(F_RDLCK);
    return fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

bool write_all(int descriptor, std::uint64_t offset, std::string_view text) {
    while (!text.empty()) {
        const auto wrote = pwrite(descriptor, text.data(), text.size(), static_cast<off_t>(offset));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        offset += static_cast<std::uint64_t>(wrote);
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

int create_locked(int folder, const std::string& name, std::uint32_t rights) {
    Descriptor nameless(openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, rights));
    if (nameless) {
        lock_for_life(nameless.number());
        const auto path = path_of(nameless.number(), {});
        if (!path.empty() &&
            linkat(AT_FDCWD, path.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
            return nameless.release();
        if (errno == EEXIST) return -1;
    }
    while (true) {
        Descriptor file(openat(folder, name.c_str(),
                               O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, rights));
        if (!file) return -1;
        struct stat status {};
        // Before it was locked somebody may have taken it for a dead process's.
        if (!lock_for_life(file.number()) || fstat(file.number(), &status) != 0 ||
            status.st_nlink > 0)
            return file.release();
    }
}

int create_temporary(int folder, const std::string& name, std::string& temporary) {
    constexpr int most_tries = 100;
    int descriptor = -1;
    for (int i = 0; i < most_tries && descriptor < 0; ++i) {
        temporary = fmt::format("{}{}{}", start_for(name), random_name(), temporary_end);
        descriptor = create_locked(folder, temporary, 0666);
        if (descriptor < 0 && errno != EEXIST) break;
    }
    return descriptor;
}

int open_temporary(const std::filesystem::path& path, std::filesystem::path& temporary) {
    const GuardedFolder folder(path.parent_path(), Links::all);
    errno = folder.error();
    if (!folder.is_open()) return -1;
    std::string name;
    const int descriptor = create_temporary(folder.descriptor(), path.filename(), name);
    if (descriptor >= 0) temporary = path.parent_path() / name;
    return descriptor;
}

namespace {

/// `starts`: of the names that are meant; null: all.
void remove_stale(const std::filesystem::path& folder, const std::set<std::string>* starts,
                  const Owners& owners) {
    const GuardedFolder held(folder, Links::all);
    if (!held.is_open()) return;
    for (const std::string& name : held.names()) {
        const std::string start = start_of(name);
        if (start.empty() || (starts != nullptr && !starts->contains(start))) continue;
        const Entry entry = held.look(name);
        if (entry.kind != EntryKind::file || !owners.take(entry.owner)) continue;
        const Descriptor file(
            openat(held.descriptor(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (file && try_lock(file.number())) held.remove(name, owners);
    }
}

}  // namespace

void remove_stale_temporaries(const std::filesystem::path& folder,
                              const std::set<std::string>& names, const Owners& owners) {
    std::set<std::string> starts;
    for (const std::string& name : names) starts.insert(start_for(name));
    remove_stale(folder, &starts, owners);
}

void remove_all_stale_temporaries(const std::filesystem::path& folder, const Owners& owners) {
    remove_stale(folder, nullptr, owners);
}

void sync_folder(const std::filesystem::path& folder) {
    const auto& path = folder.empty() ? std::filesystem::path(".") : folder;
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

}  // namespace cytofleet
