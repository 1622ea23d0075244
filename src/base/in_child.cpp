#include "base/in_child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "base/guarded_folder.hpp"

namespace cytofleet {
namespace {

constexpr int returned = 0;
constexpr int threw = 1;

[[noreturn]] void be_the_child(const std::function<std::string()>& work, int out) {
    // A crash is expected here and told of by the parent.
    const rlimit none{};
    setrlimit(RLIMIT_CORE, &none);
    int code = returned;
    std::string text;
    try {
        text = work();
    } catch (const std::exception& error) {
        code = threw;
        text = error.what();
    } catch (...) {
        code = threw;
        text = "failed for an unknown reason";
    }
    for (std::size_t done = 0; done < text.size();) {
        const auto wrote = write(out, text.data() + done, text.size() - done);
        if (wrote < 0 && errno != EINTR) _exit(2);
        done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
    _exit(code);
}

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

/// Nothing of the parent's but the pipe. A parent that dies takes the child with it.
void leave_files(int out) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = open("/dev/null", O_RDWR);
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, number);
    constexpr int first = STDERR_FILENO + 1;
    const auto close_all = [](int from, int to) {
        if (from <= to) close_range(static_cast<unsigned>(from), static_cast<unsigned>(to), 0);
    };
    close_all(first, out - 1);
    close_all(std::max(first, out + 1), std::numeric_limits<int>::max());
}

/// False: the time was over first.
bool readable(int in, const Deadline& deadline) {
    if (!deadline) return true;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
        if (left.count() <= 0) return false;
        pollfd what{in, POLLIN, 0};
        const int found = poll(&what, 1, static_cast<int>(std::min<long>(left.count(), 1000)));
        if (found > 0) return true;
        if (found < 0 && errno != EINTR) return false;
    }
}

/// None: the time was over first.
std::optional<std::string> read_all(int in, const Deadline& deadline) {
    std::string out;
    std::array<char, 1 << 12> piece{};
    while (true) {
        if (!readable(in, deadline)) return std::nullopt;
        const auto got = read(in, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return out;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
}

/// What hangs in the kernel does not die before it returns from there.
void kill_without_waiting(pid_t child) {
    kill(child, SIGKILL);
    for (int i = 0; i < 100 && waitpid(child, nullptr, WNOHANG) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

ChildEnd run_child(const std::function<std::string()>& work, const Deadline& deadline) {
    ChildEnd out;
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        out.problem = std::strerror(errno);
        return out;
    }
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        if (deadline) leave_files(to.number());
        be_the_child(work, to.number());
    }
    if (child < 0) {
        out.problem = std::strerror(errno);
        return out;
    }
    to = Descriptor();
    std::optional<std::string> text = read_all(from.number(), deadline);
    if (!text) {
        kill_without_waiting(child);
        out.late = true;
        out.problem = "does not answer";
        return out;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status))
        out.problem = fmt::format("crashes its reader ({})", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == returned)
        out.text = std::move(*text);
    else
        out.problem = std::move(*text);
    return out;
}

}  // namespace

ChildEnd in_child(const std::function<std::string()>& work) {
    return run_child(work, std::nullopt);
}

ChildEnd in_child_within(double seconds, const std::function<std::string()>& work) {
    const auto patience = std::chrono::duration<double>(seconds);
    return run_child(work, Clock::now() + std::chrono::duration_cast<Clock::duration>(patience));
}

}  // namespace cytofleet
