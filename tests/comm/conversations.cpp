#include "comm/conversations.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"

namespace cytofleet::test {
namespace {

using Bytes = std::vector<std::byte>;

std::byte pattern(std::size_t seed, std::size_t i) {
    return static_cast<std::byte>((seed * 31 + i * 7 + (i >> 8)) & 0xff);
}

Bytes filled(std::size_t seed, std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = pattern(seed, i);
    return out;
}

Bytes of_number(std::int64_t number) {
    ByteWriter out;
    out.write(number);
    return out.take();
}

std::int64_t number_of(const Bytes& bytes) {
    ByteReader in(bytes, "a test's message");
    const auto number = in.read<std::int64_t>();
    ensure(in.left() == 0, "a message has the length it was sent with");
    return number;
}

Message wait_for(Communicator& comm) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
        if (auto message = comm.poll()) return std::move(*message);
        std::this_thread::yield();
    }
    throw InternalError("a message that was sent did not come within 60 s");
}

}  // namespace

void all_to_all(Communicator& comm) {
    constexpr int rounds = 200;
    const auto size_of = [](int from, int round) {
        return static_cast<std::size_t>((from + 1) * round * 37 % 9001);
    };
    const auto seed_of = [](int from, int round) {
        return static_cast<std::size_t>(from * 1000 + round);
    };
    for (int round = 0; round < rounds; ++round)
        for (int to = 0; to < comm.size(); ++to)
            comm.send(to, round, filled(seed_of(comm.rank(), round), size_of(comm.rank(), round)));
    std::vector<int> next(static_cast<std::size_t>(comm.size()));
    for (int i = 0; i < rounds * comm.size(); ++i) {
        const Message message = wait_for(comm);
        ensure(message.from >= 0 && message.from < comm.size(), "a sender is a rank");
        int& round = next[static_cast<std::size_t>(message.from)];
        ensure(message.tag == round, "messages of one sender stay in order");
        ensure(message.body == filled(seed_of(message.from, round), size_of(message.from, round)),
               "a message arrives as it was sent");
        ++round;
    }
    comm.barrier();
    ensure(!comm.poll(), "no message comes that was not sent");
    comm.barrier();
}

void big_messages_in_a_ring(Communicator& comm) {
    constexpr std::size_t size = std::size_t{24} << 20;
    const int to = (comm.rank() + 1) % comm.size();
    const int from = (comm.rank() + comm.size() - 1) % comm.size();
    for (std::size_t round = 0; round < 2; ++round) {
        Bytes body = filled(static_cast<std::size_t>(comm.rank()) + round, size);
        comm.send(to, 1, body);
        std::fill(body.begin(), body.end(), std::byte{0xee});
    }
    for (std::size_t round = 0; round < 2; ++round) {
        const Message message = wait_for(comm);
        ensure(message.from == from, "a ring has one neighbour to the left");
        ensure(message.body == filled(static_cast<std::size_t>(from) + round, size),
               "a big message arrives as it was when it was sent");
    }
    comm.barrier();
}

void broadcasts(Communicator& comm) {
    for (int root = 0; root < comm.size(); ++root)
        for (const std::size_t size : {0UL, 1UL, 1000UL, 3UL << 20}) {
            const auto seed = static_cast<std::size_t>(root) + size;
            Bytes body = comm.rank() == root
                             ? filled(seed, size)
                             : filled(99, static_cast<std::size_t>(comm.rank()) * 5);
            comm.broadcast(body, root);
            ensure(body == filled(seed, size), "all have the root's bytes after a broadcast");
        }
}

void barriers(Communicator& comm) {
    constexpr int rounds = 20;
    enum Tag : int { come = 1, gone };
    for (int round = 0; round < rounds; ++round) {
        if (round % std::max(1, comm.size()) == comm.rank())
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        comm.send(0, come, of_number(round));
        comm.barrier();
        comm.send(0, gone, of_number(round));
        if (comm.rank() == 0) {
            std::vector<int> stage(static_cast<std::size_t>(comm.size()));
            for (int i = 0; i < 2 * comm.size(); ++i) {
                const Message message = wait_for(comm);
                ensure(number_of(message.body) == round, "rounds do not mix");
                int& at = stage[static_cast<std::size_t>(message.from)];
                ensure(message.tag == at + 1, "a rank comes before it goes");
                at = message.tag;
            }
        }
        comm.barrier();
    }
}

void served_by_rank_0(Communicator& comm) {
    constexpr std::int64_t jobs = 500;
    enum Tag : int { ask = 1, job, enough, done };
    std::int64_t handed_out = 0;
    std::vector<int> times(jobs);
    int dismissed = 0;
    bool working = true;
    comm.send(0, ask, {});
    while (working || (comm.rank() == 0 && dismissed < comm.size())) {
        const Message message = wait_for(comm);
        if (message.tag == ask) {
            if (handed_out < jobs) {
                comm.send(message.from, job, of_number(handed_out++));
            } else {
                comm.send(message.from, enough, {});
                ++dismissed;
            }
        } else if (message.tag == job) {
            comm.send(0, done, message.body);
            comm.send(0, ask, {});
        } else if (message.tag == done) {
            ++times.at(static_cast<std::size_t>(number_of(message.body)));
        } else {
            ensure(message.tag == enough && message.body.empty(), "a tag arrives as it was sent");
            working = false;
        }
    }
    if (comm.rank() == 0)
        for (const int count : times) ensure(count == 1, "each job is done once");
    comm.barrier();
}

void places(Communicator& comm) {
    ensure(comm.size() > 0 && comm.rank() >= 0 && comm.rank() < comm.size(),
           "a rank is in its run");
    ensure(comm.node_rank() >= 0 && comm.node_rank() < comm.node_size() &&
               comm.node_size() <= comm.size(),
           "a node's ranks are ranks of the run");
    ensure(!comm.host().empty(), "a host has a name");
    // One machine runs these tests: the node's ranks are all ranks, each number once.
    ensure(comm.node_size() == comm.size(), "all ranks are on this node");
    std::vector<std::int64_t> seen;
    comm.send(0, 1, of_number(comm.node_rank()));
    if (comm.rank() == 0) {
        for (int i = 0; i < comm.size(); ++i) seen.push_back(number_of(wait_for(comm).body));
        std::ranges::sort(seen);
        for (std::size_t i = 0; i < seen.size(); ++i)
            ensure(seen[i] == static_cast<std::int64_t>(i), "node ranks count from 0 without gaps");
    }
    comm.barrier();
}

}  // namespace cytofleet::test
