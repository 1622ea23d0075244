// The conversations of tests/comm over real MPI. Started by tests/mpi/comm_test; prints "ok" once.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/conversations.hpp"

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

int check(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const int expected = argc > 2 ? std::atoi(argv[2]) : 0;
    const auto comm = make_world(argc, argv);
    try {
        ensure(comm->size() == expected, "the run has as many ranks as were started");
        if (mode == "fail") one_fails(*comm);
        test::places(*comm);
        test::all_to_all(*comm);
        test::big_messages_in_a_ring(*comm);
        test::broadcasts(*comm);
        test::barriers(*comm);
        test::served_by_rank_0(*comm);
        last_words(*comm);
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
