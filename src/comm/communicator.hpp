// Messages between the ranks of a run: alone, over MPI, or between the threads of one process
// (tests).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace cytofleet {

/// Nothing is heard of other ranks any more: their processes or nodes hang. What they were waited
/// for is not there, and MPI's goodbye would wait for them, too: whoever catches it must abort them
/// all.
class RanksAreSilent : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Message {
    int from = 0;
    int tag = 0;
    std::vector<std::byte> body;
};

/// Used by one thread of a rank only (MPI_THREAD_FUNNELED). Messages from one rank to another
/// arrive in the order they were sent; a rank may send to itself.
class Communicator {
  public:
    virtual ~Communicator() = default;
    virtual int rank() const = 0;
    virtual int size() const = 0;
    virtual int node_rank() const = 0;  ///< rank among those of this host
    virtual int node_size() const = 0;  ///< ranks on this host
    virtual std::string host() const = 0;
    /// Buffers the body; returns without waiting for the receiver.
    virtual void send(int to, int tag, std::span<const std::byte> body) = 0;
    /// The next message if one is there. Does not wait.
    virtual std::optional<Message> poll() = 0;
    /// The same bytes on every rank after the call; `body` of the other ranks is replaced.
    /// Collective, as is barrier(). While they wait, messages are kept for poll(). Whoever lets the
    /// others wait for long sends them something now and then: after minutes without a message they
    /// throw RanksAreSilent.
    virtual void broadcast(std::vector<std::byte>& body, int root) = 0;
    virtual void barrier() = 0;
    /// Whether libraries that speak MPI can work on several ranks together.
    virtual bool has_groups() const { return false; }
    /// These ranks, ascending, for such a library: the address of an MPI_Comm that lives until the
    /// next call; null where there are no groups, and each process works alone. Collective over
    /// the ranks named, of which this is one.
    virtual const void* group(const std::vector<int>& /*ranks*/) { return nullptr; }
    /// Ends all ranks at once with `code`; does not return.
    [[noreturn]] virtual void abort(int code) = 0;
};

std::unique_ptr<Communicator> make_solo();
/// MPI when the program was built with it and started by a launcher (mpirun, srun), else solo.
/// Throws Error{environment} when a launcher started several processes of a build without MPI.
std::unique_ptr<Communicator> make_world(int& argc, char**& argv);
/// Runs `body` once per rank in `size` threads of this process and returns when all have ended; the
/// first exception is rethrown.
void run_thread_team(int size, const std::function<void(Communicator&)>& body);

}  // namespace cytofleet
