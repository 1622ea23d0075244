#include "base/new_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace cytofleet {

bool lock_for_life(int descriptor) {
    // Whoever looks whether its owner is alive holds the lock for a moment.
    while (flock(descriptor, LOCK_EX) != 0)
        if (errno != EINTR) return false;
    return true;
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

int open_temporary(const std::filesystem::path& path, std::filesystem::path& temporary) {
    while (true) {
        std::string name = path.native() + ".XXXXXX.tmp";
        const int descriptor = mkostemps(name.data(), 4, O_CLOEXEC);
        if (descriptor < 0) return descriptor;
        temporary = name;
        // mkstemp makes files for the owner alone.
        const mode_t mask = umask(0);
        umask(mask);
        fchmod(descriptor, 0666 & ~mask);
        struct stat status {};
        // Before it was locked somebody may have taken it for a dead process's.
        if (!lock_for_life(descriptor) || fstat(descriptor, &status) != 0 || status.st_nlink > 0)
            return descriptor;
        close(descriptor);
    }
}

void remove_stale_temporaries(const std::filesystem::path& folder,
                              const std::function<bool(const std::filesystem::path&)>& ours) {
    constexpr std::string_view end = ".tmp";
    constexpr std::size_t added = 7 + end.size();  // with .XXXXXX
    std::error_code none;
    std::vector<std::filesystem::path> stale;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
        const std::string name = entry.path().filename();
        if (name.size() <= added || !name.ends_with(end) || name[name.size() - added] != '.')
            continue;
        if (ours(name.substr(0, name.size() - added))) stale.push_back(entry.path());
    }
    for (const auto& path : stale) {
        const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) continue;
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) unlink(path.c_str());
        close(descriptor);
    }
}

void sync_folder(const std::filesystem::path& folder) {
    const auto& path = folder.empty() ? std::filesystem::path(".") : folder;
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

}  // namespace cytofleet
