// The conversations of tests/comm over real MPI. Started by tests/mpi/comm_test; prints "ok" once.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "base/timer.hpp"
#include "comm/communicator.hpp"
#include "comm/conversations.hpp"
#include "comm/mpi.hpp"

namespace cytofleet {
namespace {

/// What is still on its way when a communicator ends must arrive.
void last_words(Communicator& comm) {
    const std::vector<std::byte> body(std::size_t{16} << 20, std::byte{42});
    if (comm.rank() != 0) return comm.send(0, 7, body);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    for (int left = comm.size() - 1; left > 0;)
        if (const auto message = comm.poll()) {
            ensure(message->tag == 7 && message->body == body, "last words arrive whole");
            --left;
        }
}

/// The last rank fails while the others wait for it.
void one_fails(Communicator& comm) {
    if (comm.rank() == comm.size() - 1) throw std::runtime_error("the last rank fails");
    comm.barrier();
}

/// The last rank hangs in the midst of a long message: others are heard meanwhile, and when it is
/// back, the rest comes, in order.
void one_hangs(Communicator& comm) {
    enum Tag : int { process = 1, ready, whole, after, word };
    const int last = comm.size() - 1;
    const std::vector<std::byte> body(std::size_t{24} << 20, std::byte{42});
    if (comm.rank() == last) {
        ByteWriter out;
        out.write(static_cast<std::int64_t>(getpid()));
        comm.send(0, process, out.take());
        comm.send(0, whole, body);
        comm.send(0, after, {});
        raise(SIGSTOP);
        // Rank 0 has let it go on.
        return comm.barrier();
    }
    if (comm.rank() == 0) {
        pid_t hung = 0;
        int words = 0;
        std::vector<int> of_last;
        while (of_last.size() < 2) {
            const auto message = comm.poll();
            if (!message) continue;
            if (message->tag == process) {
                ByteReader in(message->body, "a test's message");
                hung = static_cast<pid_t>(in.read<std::int64_t>());
                comm.send(1, ready, {});
            } else if (message->tag == word) {
                ensure(of_last.empty(), "a message that is cut short is not whole");
                if (++words == 100) kill(hung, SIGCONT);
            } else {
                ensure(words == 100, "the others are heard while one hangs");
                ensure(message->tag == (of_last.empty() ? whole : after),
                       "its messages keep order");
                ensure(message->tag != whole || message->body == body, "and are whole");
                of_last.push_back(message->tag);
            }
        }
    } else if (comm.rank() == 1) {
        while (!comm.poll()) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(300));  // now it has hung
        for (int i = 0; i < 100; ++i) comm.send(0, word, {});
    }
    comm.barrier();
}

/// Rank 0 lets the others wait, first with signs of life, then it hangs; waits have an end.
void one_is_silent(Communicator& comm) {
    constexpr int signs = 4;
    if (comm.rank() == 0) {
        for (int i = 0; i < signs; ++i) {
            std::this_thread::sleep_for(std::chrono::seconds(1));
            for (int rank = 1; rank < comm.size(); ++rank) comm.send(rank, i, {});
        }
        raise(SIGSTOP);
    }
    const Timer waiting;
    std::vector<std::byte> body;
    try {
        comm.broadcast(body, 0);
    } catch (const RanksAreSilent&) {
        ensure(waiting.seconds() > signs + 1, "signs of life prolong the wait");
        for (int i = 0; i < signs; ++i) {
            const auto sign = comm.poll();
            ensure(sign && sign->tag == i, "messages that come meanwhile are kept, in order");
        }
        throw;
    }
}

void talk(Communicator& comm) {
    test::places(comm);
    test::all_to_all(comm);
    test::big_messages_in_a_ring(comm);
    test::broadcasts(comm);
    test::barriers(comm);
    test::served_by_rank_0(comm);
    last_words(comm);
}

/// Rank 1 hangs before MPI has started.
void nobody_starts(int argc, char** argv) {
    const char* const rank = std::getenv("OMPI_COMM_WORLD_RANK");
    if (rank != nullptr && std::string_view(rank) == "1") raise(SIGSTOP);
    const auto comm = make_mpi(argc, argv, {.start = 3});
    std::fprintf(stderr, "has started\n");
}

int check(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "start") nobody_starts(argc, argv);
    const int expected = argc > 2 ? std::atoi(argv[2]) : 0;
    const auto comm =
        mode == "silent" ? make_mpi(argc, argv, {.silence = 2}) : make_world(argc, argv);
    try {
        ensure(comm->size() == expected, "the run has as many ranks as were started");
        if (mode == "fail") one_fails(*comm);
        if (mode == "hang")
            one_hangs(*comm);
        else if (mode == "silent")
            one_is_silent(*comm);
        else
            talk(*comm);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "rank %d: %s\n", comm->rank(), error.what());
        comm->abort(7);
    }
    if (comm->rank() == 0) std::puts("ok");
    return 0;
}

}  // namespace
}  // namespace cytofleet

int main(int argc, char** argv) {
    try {
        return cytofleet::check(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
