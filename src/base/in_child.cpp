#include "base/in_child.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

std::string read_all(int in) {
    std::string out;
    std::array<char, 1 << 12> piece{};
    while (true) {
        const auto got = read(in, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return out;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

ChildEnd in_child(const std::function<std::string()>& work) {
    ChildEnd out;
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        out.problem = std::strerror(errno);
        return out;
    }
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    const pid_t child = fork();
    if (child == 0) be_the_child(work, to.number());
    if (child < 0) {
        out.problem = std::strerror(errno);
        return out;
    }
    to = Descriptor();
    std::string text = read_all(from.number());
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status))
        out.problem = fmt::format("crashes its reader ({})", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == returned)
        out.text = std::move(text);
    else
        out.problem = std::move(text);
    return out;
}

}  // namespace cytofleet
