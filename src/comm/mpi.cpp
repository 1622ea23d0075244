#include "comm/mpi.hpp"

#if defined(CYTOFLEET_WITH_MPI)

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <limits>
#include <list>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <mpi.h>

#include "base/error.hpp"
#include "base/exit_codes.hpp"
#include "base/log.hpp"
#include "base/sign_of_life.hpp"
#include "base/stop_mark.hpp"
#include "base/timer.hpp"
#include "comm/host_name.hpp"

namespace cytofleet {
namespace {

constexpr unsigned seconds_to_abort = 20;
/// Seconds without a word of the others at the end.
constexpr double longest_goodbye = 60;
constexpr double seconds_per_rank = 5;
constexpr double before_sleep = 0.1;

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw Error(ErrorKind::environment, fmt::format("{} failed: {}", call, text.data()));
}

/// In a signal's handler, as the thread that waits is inside MPI.
void give_up_the_start(int /*signal*/) {
    constexpr std::string_view message =
        "error: MPI has not started in time: a process or its node hangs, or the ranks cannot "
        "reach each other (cytofleet doctor tells more); nothing is lost, start again\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, message.data(), message.size());
    _exit(exit_codes::stopped);
}

/// While it lives, MPI starts.
class StartWatch {
  public:
    explicit StartWatch(unsigned seconds) {
        std::signal(SIGALRM, give_up_the_start);
        alarm(seconds);
    }
    ~StartWatch() {
        alarm(0);
        std::signal(SIGALRM, SIG_DFL);
    }
    StartWatch(const StartWatch&) = delete;
    StartWatch& operator=(const StartWatch&) = delete;
};

class Mpi final : public Communicator {
  public:
    Mpi(int& argc, char**& argv, const MpiPatience& patience) : patience_(patience.silence) {
        const StartWatch watch(patience.start);
        int provided = 0;
        check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
        if (provided < MPI_THREAD_FUNNELED)
            throw Error(ErrorKind::environment,
                        "this MPI library does not allow threads beside the one "
                        "that calls it; use another build of it");
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
        check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
        check(MPI_Comm_dup(MPI_COMM_WORLD, &own_), "MPI_Comm_dup");
        MPI_Comm_set_errhandler(own_, MPI_ERRORS_RETURN);
        MPI_Comm node = MPI_COMM_NULL;
        check(
            MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
        check(MPI_Comm_rank(node, &node_rank_), "MPI_Comm_rank");
        check(MPI_Comm_size(node, &node_size_), "MPI_Comm_size");
        check(MPI_Comm_free(&node), "MPI_Comm_free");
    }

    /// Completes what was sent and finalises, unless an exception is leaving: then the other ranks
    /// may be waiting for messages that never come, and whoever catches it must abort them all.
    ~Mpi() override {
        if (std::uncaught_exceptions() > 0) return;
        try {
            wait_for_all();
        } catch (const std::exception& error) {
            write_message(stderr, fmt::format("error: {}\n", error.what()));
            abort(exit_codes::rank_lost);
        }
        for (auto& outgoing : sending_) MPI_Wait(&outgoing.request, MPI_STATUS_IGNORE);
        for (auto& arriving : arriving_) MPI_Wait(&arriving.request, MPI_STATUS_IGNORE);
        free_group();
        MPI_Comm_free(&own_);
        MPI_Finalize();
    }

    Mpi(const Mpi&) = delete;
    Mpi& operator=(const Mpi&) = delete;

    int rank() const override { return rank_; }
    int size() const override { return size_; }
    int node_rank() const override { return node_rank_; }
    int node_size() const override { return node_size_; }
    std::string host() const override { return host_name(); }

    void send(int to, int tag, std::span<const std::byte> body) override {
        reap();
        sending_.emplace_back();
        Outgoing& outgoing = sending_.back();
        outgoing.body.assign(body.begin(), body.end());
        check(MPI_Isend(outgoing.body.data(), count_of_bytes(body.size()), MPI_BYTE, to, tag, own_,
                        &outgoing.request),
              "MPI_Isend");
    }

    std::optional<Message> poll() override {
        reap();
        begin_to_receive();
        return first_that_is_there();
    }

    void broadcast(std::vector<std::byte>& body, int root) override {
        std::uint64_t bytes = body.size();
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Ibcast(&bytes, 1, MPI_UINT64_T, root, own_, &request), "MPI_Ibcast");
        wait_for(request, patience_);
        body.resize(bytes);
        constexpr std::uint64_t piece = std::uint64_t{1} << 30;  // MPI counts in int
        for (std::uint64_t at = 0; at < bytes; at += piece) {
            check(MPI_Ibcast(body.data() + at, static_cast<int>(std::min(piece, bytes - at)),
                             MPI_BYTE, root, own_, &request),
                  "MPI_Ibcast");
            wait_for(request, patience_);
        }
    }

    bool has_groups() const override { return true; }

    const void* group(const std::vector<int>& ranks) override {
        if (group_ != MPI_COMM_NULL && ranks == group_ranks_) return &group_;
        free_group();
        MPI_Group all = MPI_GROUP_NULL;
        MPI_Group some = MPI_GROUP_NULL;
        check(MPI_Comm_group(MPI_COMM_WORLD, &all), "MPI_Comm_group");
        check(MPI_Group_incl(all, static_cast<int>(ranks.size()), ranks.data(), &some),
              "MPI_Group_incl");
        check(MPI_Comm_create_group(MPI_COMM_WORLD, some, 0, &group_), "MPI_Comm_create_group");
        MPI_Group_free(&some);
        MPI_Group_free(&all);
        MPI_Comm_set_errhandler(group_, MPI_ERRORS_RETURN);
        group_ranks_ = ranks;
        return &group_;
    }

    void barrier() override {
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Ibarrier(own_, &request), "MPI_Ibarrier");
        wait_for(request, patience_);
    }

    [[noreturn]] void abort(int code) override {
        remove_stop_mark();  // it is we who end the process
        // Should MPI hang in this too, the launcher sees a process die, and ends the others.
        std::signal(SIGALRM, SIG_DFL);
        alarm(seconds_to_abort);
        MPI_Abort(MPI_COMM_WORLD, code);
        std::_Exit(code);
    }

  private:
    struct Outgoing {
        std::vector<std::byte> body;
        MPI_Request request = MPI_REQUEST_NULL;
    };
    struct Arriving {
        Message message;
        MPI_Request request = MPI_REQUEST_NULL;
    };

    static int count_of_bytes(std::uint64_t bytes) {
        ensure(bytes <= static_cast<std::uint64_t>(std::numeric_limits<int>::max()),
               "a message is smaller than 2 GiB");
        return static_cast<int>(bytes);
    }

    /// Forgets the messages that have left.
    void reap() {
        for (auto it = sending_.begin(); it != sending_.end();) {
            int done = 0;
            check(MPI_Test(&it->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
            it = done != 0 ? sending_.erase(it) : std::next(it);
        }
    }

    /// Nobody finalises before all have come to their end: mpirun of Open MPI 4.1 hangs for ever,
    /// or crashes, in 25 of 80 runs in which one rank aborts, or hangs, while another finalises.
    void wait_for_all() {
        MPI_Request all = MPI_REQUEST_NULL;
        check(MPI_Ibarrier(own_, &all), "MPI_Ibarrier");
        wait_for(all, longest_goodbye);
    }

    /// Waits for what all ranks do together, and takes up messages meanwhile. Throws RanksAreSilent
    /// after `patience` seconds without one, not counting those in which this process itself stood
    /// still. One rank after the other loses patience, not all at once.
    void wait_for(MPI_Request& request, double patience) {
        const Timer wait;
        Timer silence;
        Timer round;
        int done = 0;
        while (true) {
            check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
            if (done != 0) return;
            if (begin_to_receive() || round.seconds() > own_absence) silence = Timer();
            round = Timer();
            if (silence.seconds() > patience + seconds_per_rank * rank_)
                throw RanksAreSilent(fmt::format(
                    "other ranks have not been heard of for {:.0f} s: a process or its node hangs; "
                    "all are ended",
                    silence.seconds()));
            // What is under way comes in many pieces, each of which wants a look.
            if (wait.seconds() < before_sleep)
                std::this_thread::yield();
            else
                std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }

    /// Takes up a message that is announced, and does not wait for its body: a long one comes in
    /// pieces, and whoever sends it may hang in between. False when none is announced.
    bool begin_to_receive() {
        int there = 0;
        MPI_Message handle = MPI_MESSAGE_NULL;
        MPI_Status status;
        check(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, own_, &there, &handle, &status),
              "MPI_Improbe");
        if (there == 0) return false;
        int bytes = 0;
        check(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
        arriving_.emplace_back();
        Arriving& arriving = arriving_.back();
        arriving.message = {status.MPI_SOURCE, status.MPI_TAG, {}};
        arriving.message.body.resize(static_cast<std::size_t>(bytes));
        check(MPI_Imrecv(arriving.message.body.data(), bytes, MPI_BYTE, &handle, &arriving.request),
              "MPI_Imrecv");
        return true;
    }

    /// The oldest whole message, but none before those that its sender sent earlier.
    std::optional<Message> first_that_is_there() {
        std::vector<int> behind;
        for (auto it = arriving_.begin(); it != arriving_.end(); ++it) {
            if (std::ranges::find(behind, it->message.from) != behind.end()) continue;
            int done = 0;
            check(MPI_Test(&it->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
            if (done == 0) {
                behind.push_back(it->message.from);
                continue;
            }
            Message message = std::move(it->message);
            arriving_.erase(it);
            return message;
        }
        return std::nullopt;
    }

    /// A local matter in Open MPI, though the standard lets it be collective: a group whose member
    /// hangs must be left.
    void free_group() {
        if (group_ != MPI_COMM_NULL) MPI_Comm_free(&group_);
        group_ = MPI_COMM_NULL;
    }

    /// For messages. Not the world itself: there Open MPI makes groups, by messages that poll()
    /// must not take.
    MPI_Comm own_ = MPI_COMM_NULL;
    MPI_Comm group_ = MPI_COMM_NULL;
    std::vector<int> group_ranks_;
    int rank_ = 0;
    int size_ = 1;
    int node_rank_ = 0;
    int node_size_ = 1;
    double patience_;
    std::list<Outgoing> sending_;  // lists: MPI holds the addresses
    std::list<Arriving> arriving_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi(int& argc, char**& argv, const MpiPatience& patience) {
    return std::make_unique<Mpi>(argc, argv, patience);
}

std::string mpi_library() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    MPI_Get_library_version(text.data(), &length);
    const std::string all(text.data());
    return all.substr(0, all.find(','));
}

}  // namespace cytofleet

#else

namespace cytofleet {

std::unique_ptr<Communicator> make_mpi(int& /*argc*/, char**& /*argv*/,
                                       const MpiPatience& /*patience*/) {
    return nullptr;
}
std::string mpi_library() {
    return "not built in";
}

}  // namespace cytofleet

#endif
