#include "backend/cuda/kernel_files.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/new_file.hpp"
#include "base/owners.hpp"
#include "base/text.hpp"

namespace cytofleet::cuda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "cytofleet kernels 1";
constexpr std::size_t most_bytes = 16 << 20;  // cuDNN's texts have about 100 kB
constexpr std::size_t most_knobs = 64;

std::uint64_t sum_of(std::string_view text) {
    return checksum(std::as_bytes(std::span(text)));
}

/// Why a file must not be taken; empty when it may.
std::string distrust(const struct stat& file, const struct stat& folder) {
    if (!S_ISREG(file.st_mode)) return "is no file";
    if (file.st_uid != this_user() && file.st_uid != 0 && file.st_uid != folder.st_uid)
        return fmt::format("belongs to user {}, who does not own its folder", file.st_uid);
    if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "may be written by others";
    if (static_cast<std::uint64_t>(file.st_size) > most_bytes) return "is too large";
    return {};
}

/// The next line of `rest`, which then begins after it; none where no line ends.
std::optional<std::string_view> next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return out;
}

/// Numbers apart by single spaces; none where something else is there.
std::optional<std::vector<std::int64_t>> numbers_of(std::string_view text) {
    std::vector<std::int64_t> out;
    while (!text.empty()) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || out.size() > 2 * most_knobs) return std::nullopt;
        out.push_back(value);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) break;
        if (text.front() != ' ') return std::nullopt;
        text.remove_prefix(1);
    }
    return out;
}

/// What write() made; none where it is damaged or of another key.
std::optional<KernelRecord> parse(std::string_view text, std::string_view key) {
    const auto sum = next_line(text);
    if (!sum || *sum != fmt::format("{} {:016x}", magic, sum_of(text))) return std::nullopt;
    const auto own_key = next_line(text);
    const auto line = next_line(text);
    if (!own_key || *own_key != key || !line) return std::nullopt;
    const auto numbers = numbers_of(*line);
    if (!numbers || numbers->size() % 2 == 0) return std::nullopt;
    KernelRecord out;
    out.choice.engine = numbers->front();
    for (std::size_t i = 1; i < numbers->size(); i += 2)
        out.choice.knobs.emplace_back(numbers->at(i), numbers->at(i + 1));
    out.cache = text;
    return out;
}

std::string text_of(const std::string& key, const KernelRecord& record) {
    std::string out = fmt::format("{}\n{}", key, record.choice.engine);
    for (const auto& [type, value] : record.choice.knobs) out += fmt::format(" {} {}", type, value);
    out += '\n' + record.cache;
    return fmt::format("{} {:016x}\n{}", magic, sum_of(out), out);
}

const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

fs::path kernel_folder() {
    if (const char* own = variable("CYTOFLEET_CACHE")) return fs::path(own) / "kernels";
    if (const char* xdg = variable("XDG_CACHE_HOME")) return fs::path(xdg) / "cytofleet/kernels";
    if (const char* home = variable("HOME")) return fs::path(home) / ".cache/cytofleet/kernels";
    return {};
}

fs::path KernelFiles::file_of(const std::string& key) const {
    return folder_ / fmt::format("{:016x}.kernels", sum_of(key));
}

std::optional<KernelRecord> KernelFiles::read(const std::string& key, std::string& problem) const {
    problem.clear();
    if (folder_.empty()) return std::nullopt;
    const fs::path path = file_of(key);
    // Not through links, and no pipe holds us up.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
        if (errno != ENOENT && errno != ENOTDIR)
            problem = fmt::format("{}: {}", show(path), std::strerror(errno));
        return std::nullopt;
    }
    struct stat its {};
    struct stat folder {};
    if (::fstat(file.number(), &its) != 0 || ::stat(folder_.c_str(), &folder) != 0) {
        problem = fmt::format("{}: {}", show(path), std::strerror(errno));
        return std::nullopt;
    }
    if (const std::string why = distrust(its, folder); !why.empty()) {
        problem = fmt::format("{}: {}; it is not used", show(path), why);
        return std::nullopt;
    }
    auto out = parse(read_up_to(file.number(), most_bytes), key);
    if (!out) problem = fmt::format("{}: is damaged or not ours; it is not used", show(path));
    return out;
}

std::string KernelFiles::write(const std::string& key, const KernelRecord& record) const {
    if (folder_.empty()) return "there is no folder for them (no HOME)";
    std::error_code failed;
    fs::create_directories(folder_, failed);
    const fs::path path = file_of(key);
    const auto why = [&](int error) {
        return fmt::format("{}: {}", show(folder_), std::strerror(error));
    };
    fs::path fresh;
    const Descriptor file(open_temporary(path, fresh));
    if (!file) return why(errno);
    struct stat its {};
    // Nobody else may write to it, whatever the umask: else it would not be taken.
    constexpr mode_t others = S_IWGRP | S_IWOTH;
    if (::fstat(file.number(), &its) != 0 ||
        ((its.st_mode & others) != 0 &&
         ::fchmod(file.number(), its.st_mode & ~others & 07777) != 0) ||
        !write_all(file.number(), 0, text_of(key, record)) || ::fsync(file.number()) != 0 ||
        ::rename(fresh.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(fresh.c_str());
        return why(error);
    }
    return {};
}

KernelLock::KernelLock(const KernelFiles& files, std::chrono::milliseconds most) {
    if (files.folder().empty()) return;
    std::error_code failed;
    fs::create_directories(files.folder(), failed);
    // One for each user, whom others cannot hold up: only its owner can open it.
    const fs::path path = files.folder() / fmt::format("lock-{}", this_user());
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file && lock_for_life(file.number(), most)) file_ = std::move(file);
}

}  // namespace cytofleet::cuda
