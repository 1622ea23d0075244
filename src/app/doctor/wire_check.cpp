#include "app/doctor/wire_check.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "app/doctor/exchange.hpp"
#include "base/text.hpp"
#include "base/timer.hpp"

namespace cytofleet {
namespace {

constexpr int tag = 201;
constexpr int small_rounds = 20;
constexpr std::size_t large = std::size_t{8} << 20;

double clock_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

double number_in(const Message& message) {
    double out = 0;
    std::memcpy(&out, message.body.data(), std::min(sizeof(out), message.body.size()));
    return out;
}

/// A rank's answers: its clock to each short message, the message itself to the long one.
void answer(Communicator& comm) {
    for (int i = 0; i < small_rounds; ++i) {
        wait_for(comm, 0);
        const double now = clock_now();
        comm.send(0, tag, std::as_bytes(std::span(&now, 1)));
    }
    comm.send(0, tag, wait_for(comm, 0).body);
}

struct Wire {
    double latency = 1e9;  ///< seconds, one way
    double bandwidth = 0;  ///< bytes a second
    double skew = 0;       ///< seconds its clock is ahead
};

Wire talk_to(Communicator& comm, int rank, const std::vector<std::byte>& payload) {
    Wire out;
    for (int i = 0; i < small_rounds; ++i) {
        const double begin = clock_now();
        const Timer timer;
        comm.send(rank, tag, {});
        const double theirs = number_in(wait_for(comm, rank));
        const double seconds = timer.seconds();
        // The fastest answer tells most about the clock.
        if (seconds / 2 < out.latency) {
            out.latency = seconds / 2;
            out.skew = theirs - (begin + seconds / 2);
        }
    }
    const Timer timer;
    comm.send(rank, tag, payload);
    wait_for(comm, rank);
    out.bandwidth = 2 * static_cast<double>(payload.size()) / timer.seconds();
    return out;
}

}  // namespace

std::vector<Finding> check_wires(Communicator& comm, const std::vector<RankFacts>& facts) {
    if (comm.size() == 1) return {};
    std::vector<Wire> wires;
    const std::vector<std::byte> payload(comm.rank() == 0 ? large : 0);
    // One after the other: the wire is to be measured, not the crowd on it.
    for (int rank = 1; rank < comm.size(); ++rank) {
        comm.barrier();
        if (comm.rank() == 0) wires.push_back(talk_to(comm, rank, payload));
        if (comm.rank() == rank) answer(comm);
    }
    if (comm.rank() != 0) return {};
    const auto slow = std::ranges::min_element(wires, {}, &Wire::bandwidth);
    const auto late = std::ranges::max_element(wires, {}, &Wire::latency);
    const auto skewed =
        std::ranges::max_element(wires, {}, [](const Wire& wire) { return std::abs(wire.skew); });
    const auto host_of = [&](auto wire) {
        return facts.at(static_cast<std::size_t>(wire - wires.begin()) + 1).host;
    };
    std::vector<Finding> out;
    const std::string speed =
        fmt::format("at least {}/s (to {}), at most {:.3f} ms one way (to {})",
                    human_bytes(static_cast<std::uint64_t>(slow->bandwidth)), host_of(slow),
                    1000 * late->latency, host_of(late));
    const bool bad = slow->bandwidth < 10e6 || late->latency > 0.05;
    out.push_back({bad ? Health::warn : Health::ok, "network", speed,
                   bad ? "is MPI on the right network? Choose one with --mca btl_tcp_if_include; "
                         "ranks that wait in MPI on a busy core are slow too"
                       : ""});
    const std::string clock =
        fmt::format("differ by {:.3f} s at most (of {})", std::abs(skewed->skew), host_of(skewed));
    const bool wrong = std::abs(skewed->skew) > 2;
    out.push_back({wrong ? Health::warn : Health::ok, "clocks", clock,
                   wrong
                       ? "nothing is decided by clocks, but logs are hard to compare; set them by "
                         "NTP"
                       : ""});
    return out;
}

}  // namespace cytofleet
