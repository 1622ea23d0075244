#include "base/fault_point.hpp"

#if defined(CYTOFLEET_FAULT_POINTS)

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

namespace cytofleet {
namespace {

std::atomic<int> own_rank = 0;

struct Fault {
    std::string action;
    std::string rank;
    int count = 0;
    std::string name;
};

Fault wanted_fault() {
    const char* set = std::getenv("CYTOFLEET_FAULT");
    if (set == nullptr) return {};
    std::string_view text(set);
    const auto part = [&] {
        const auto end = text.find(':');
        const std::string_view out = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return std::string(out);
    };
    Fault out;
    out.action = part();
    out.rank = part();
    const std::string count = part();
    std::from_chars(count.data(), count.data() + count.size(), out.count);
    out.name = part();
    for (char& c : out.name)
        if (c == '_') c = ' ';
    return out;
}

}  // namespace

void set_fault_rank(int rank) {
    own_rank = rank;
}

void fault_point(std::string_view name) {
    static const Fault fault = wanted_fault();
    static std::atomic<int> passed = 0;
    if (fault.action.empty()) return;
    if (fault.rank != "*" && fault.rank != std::to_string(own_rank)) return;
    if (fault.action == "trace") {
        const std::string line = fmt::format("fault point: {}\n", name);
        [[maybe_unused]] const auto wrote = write(STDERR_FILENO, line.data(), line.size());
        return;
    }
    if (name != fault.name || passed++ != fault.count) return;
    if (fault.action == "kill") kill(getpid(), SIGKILL);
    if (fault.action == "orphan") kill(getppid(), SIGKILL);
    if (fault.action == "stop") kill(getpid(), SIGSTOP);
    if (fault.action == "abort") std::abort();
}

}  // namespace cytofleet

#else

namespace cytofleet {

void fault_point(std::string_view /*name*/) {}
void set_fault_rank(int /*rank*/) {}

}  // namespace cytofleet

#endif
