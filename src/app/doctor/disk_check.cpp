#include "app/doctor/disk_check.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "app/doctor/exchange.hpp"
#include "base/file_remedy.hpp"
#include "base/guarded_folder.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "base/timer.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// A folder of the doctor's own in `folder`, removed with what is in it: nobody else can have taken
/// the names there, nor follow what happens.
class Workshop {
  public:
    explicit Workshop(const fs::path& folder)
        : path_((folder / ".cytofleet-doctor-XXXXXX").native()),
          error_(mkdtemp(path_.data()) == nullptr ? errno : 0) {}
    ~Workshop() {
        std::error_code ignored;
        if (error_ == 0) fs::remove_all(path_, ignored);
    }
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;
    /// errno of why there is none, or 0.
    int error() const { return error_; }
    fs::path file(const char* name) const { return fs::path(path_) / name; }

  private:
    std::string path_;
    int error_;
};

/// An open file in a workshop.
class Probe {
  public:
    explicit Probe(fs::path path)
        : path_(std::move(path)),
          descriptor_(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)),
          error_(descriptor_ < 0 ? errno : 0) {}
    ~Probe() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    int descriptor() const { return descriptor_; }
    int error() const { return error_; }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
    int descriptor_;
    int error_;
};

/// Whether this process sees the lock that another one holds, as runs look who is alive.
bool lock_is_seen(const fs::path& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return file && is_locked(file.number());
}

/// A lock that this process holds must be seen by another one.
Finding check_locks(const Probe& probe) {
    if (!lock_for_life(probe.descriptor()))
        return {Health::warn, "file locks", "the file system has none",
                "runs work without them, but deaths of processes are not counted, and what is left "
                "over after a run is not cleared while in doubt"};
    const pid_t child = fork();
    if (child == 0) {
        _exit(lock_is_seen(probe.path()) ? 0 : 1);
    }
    int status = 1;
    if (child > 0) waitpid(child, &status, 0);
    if (child < 0 || status != 0)
        return {
            Health::warn, "file locks", "a lock is not seen by another process",
            "mount the folder with locks (NFS: without nolock); until then living runs are taken "
            "for dead ones"};
    return {Health::ok, "file locks", "seen by other processes", {}};
}

/// Results appear by rename; who starts first is settled by link.
Finding check_names(const Probe& probe, const Workshop& workshop) {
    const fs::path linked = workshop.file("link");
    const fs::path renamed = workshop.file("renamed");
    const bool links = link(probe.path().c_str(), linked.c_str()) == 0;
    const bool twice = links && link(probe.path().c_str(), linked.c_str()) == 0;
    const Probe other(renamed);
    std::error_code failed;
    if (links) fs::rename(linked, renamed, failed);
    if (links && failed)
        return {Health::fail, "rename", failed.message(), "choose another --output-dir"};
    if (!links || twice)
        return {Health::warn, "rename", "the file system has no hard links",
                "two starts of one run in the same instant may disagree about its start time"};
    return {Health::ok, "rename", "replaces a file at once; links too", {}};
}

Finding check_sync(const Probe& probe) {
    constexpr int rounds = 20;
    const std::array<char, 4096> block{};
    const Timer timer;
    for (int i = 0; i < rounds; ++i) {
        if (pwrite(probe.descriptor(), block.data(), block.size(), i * 4096) != 4096 ||
            fdatasync(probe.descriptor()) != 0)
            return {Health::fail, "fsync", file_remedy(errno), "choose another --output-dir"};
    }
    const double each = timer.seconds() / rounds;
    const std::string text = fmt::format("{:.1f} ms", 1000 * each);
    if (each > 0.1)
        return {
            Health::warn, "fsync", text,
            "frames are forced to the disk in groups; below about 10 frames a second a rank this "
            "does not matter, else choose a faster --output-dir"};
    return {Health::ok, "fsync", text, {}};
}

Finding check_space(const fs::path& folder) {
    struct statvfs state {};
    if (statvfs(folder.c_str(), &state) != 0)
        return {Health::warn, "free space", file_remedy(errno), {}};
    const auto bytes = static_cast<std::uint64_t>(state.f_bavail) * state.f_frsize;
    const std::string text =
        state.f_files > 0 ? fmt::format("{}, room for {} files", human_bytes(bytes), state.f_favail)
                          : human_bytes(bytes);
    constexpr std::uint64_t little = 1'000'000'000;
    if (bytes < little || (state.f_files > 0 && state.f_favail < 1000))
        return {Health::warn, "free space", text,
                "cytofleet plan says what a run needs; free space or choose another --output-dir"};
    return {Health::ok, "free space", text, {}};
}

}  // namespace

std::vector<Finding> check_disk(const fs::path& folder) {
    const Workshop workshop(folder);
    const Probe probe(workshop.file("probe"));
    if (probe.descriptor() < 0)
        return {{Health::fail,
                 "folder",
                 fmt::format("{} cannot be written: {}", show(folder),
                             file_remedy(workshop.error() != 0 ? workshop.error() : probe.error())),
                 {}}};
    std::vector<Finding> out{{Health::ok, "folder", show(fs::absolute(folder)), {}}};
    out.push_back(check_locks(probe));
    out.push_back(check_names(probe, workshop));
    out.push_back(check_sync(probe));
    out.push_back(check_space(folder));
    return out;
}

std::vector<Finding> check_shared(Communicator& comm, const std::vector<RankFacts>& facts,
                                  const fs::path& folder) {
    if (comm.size() == 1) return {};
    constexpr double patience = 10;
    std::vector<std::byte> name;
    std::optional<Workshop> workshop;
    std::optional<Probe> probe;
    bool locked = false;
    if (comm.rank() == 0) {
        workshop.emplace(folder);
        probe.emplace(workshop->file("shared"));
        // An empty name: there is nothing to see, which check_disk() has told.
        if (probe->descriptor() >= 0) name = text_bytes(probe->path().native());
        locked = lock_for_life(probe->descriptor());
    }
    comm.broadcast(name, 0);
    if (name.empty()) return {};
    const fs::path path = text_of_bytes(name);
    const Timer timer;
    std::error_code failed;
    while (!fs::exists(path, failed) && timer.seconds() < patience)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const double seconds = fs::exists(path, failed) ? timer.seconds() : -1;
    const auto seen = gather_numbers(comm, seconds);
    const auto kept_out = gather_numbers(comm, comm.rank() == 0 || lock_is_seen(path) ? 1 : 0);
    if (comm.rank() != 0) return {};
    const auto place = [&](auto rank) {
        return fmt::format("rank {} on {}", rank, facts.at(static_cast<std::size_t>(rank)).host);
    };
    const auto blind = std::ranges::find(seen, -1.0);
    if (blind != seen.end())
        return {
            {Health::fail, "shared folder",
             fmt::format("{} does not see what {} writes", place(blind - seen.begin()), place(0)),
             "choose a folder on a file system that all hosts share"}};
    const double slowest = std::ranges::max(seen);
    std::vector<Finding> out{
        {slowest > 3 ? Health::warn : Health::ok, "shared folder",
         fmt::format("all ranks see it, after {:.2f} s at most", slowest),
         slowest > 3 ? "the file system tells of new files late; frames may be done twice" : ""}};
    const auto free = std::ranges::find(kept_out, 0.0);
    // Where there are no locks at all, check_disk() has told.
    if (locked && free == kept_out.end())
        out.push_back({Health::ok, "shared locks", "seen by all ranks", {}});
    if (locked && free != kept_out.end())
        out.push_back({Health::warn, "shared locks",
                       fmt::format("{} does not see the lock of {}", place(free - kept_out.begin()),
                                   place(0)),
                       "mount the folder with locks that all hosts see (NFS: without nolock and "
                       "local_lock; Lustre: flock, not localflock); until then living runs are "
                       "taken for dead ones"});
    return out;
}

}  // namespace cytofleet
