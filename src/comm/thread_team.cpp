#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/host_name.hpp"

namespace cytofleet {
namespace {

/// A rank failed; the others are woken from collective calls by this.
class TeamBroken : public std::runtime_error {
  public:
    TeamBroken() : std::runtime_error("another rank of the thread team failed") {}
};

/// What the ranks of a team share.
class Team {
  public:
    explicit Team(int size) : size_(size), boxes_(static_cast<std::size_t>(size)) {}

    int size() const { return size_; }

    void put(int to, Message message) {
        ensure(to >= 0 && to < size_, "a message goes to a rank of this run");
        const std::lock_guard lock(mutex_);
        boxes_[static_cast<std::size_t>(to)].push_back(std::move(message));
    }

    std::optional<Message> get(int rank) {
        const std::lock_guard lock(mutex_);
        if (broken_) throw TeamBroken();
        auto& box = boxes_[static_cast<std::size_t>(rank)];
        if (box.empty()) return std::nullopt;
        Message message = std::move(box.front());
        box.pop_front();
        return message;
    }

    /// Every rank passes `body`; all leave with the root's.
    void share(int rank, int root, std::vector<std::byte>* body) {
        std::unique_lock lock(mutex_);
        if (rank == root && body != nullptr) shared_ = *body;
        const auto round = round_;
        if (++arrived_ == size_) {
            arrived_ = 0;
            ++round_;
            ready_ = shared_;
            changed_.notify_all();
        } else {
            changed_.wait(lock, [&] { return broken_ || round_ != round; });
            if (round_ == round) throw TeamBroken();
        }
        if (body != nullptr) *body = ready_;
    }

    void fail(std::exception_ptr why) {
        const std::lock_guard lock(mutex_);
        if (!broken_) broken_ = why;
        changed_.notify_all();
    }

    std::exception_ptr failure() const { return broken_; }

  private:
    int size_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::deque<Message>> boxes_;
    std::vector<std::byte> shared_;
    std::vector<std::byte> ready_;
    int arrived_ = 0;
    std::uint64_t round_ = 0;
    std::exception_ptr broken_;
};

class TeamRank : public Communicator {
  public:
    TeamRank(Team& team, int rank) : team_(team), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return team_.size(); }
    int node_rank() const override { return rank_; }
    int node_size() const override { return team_.size(); }
    std::string host() const override { return host_name(); }
    void send(int to, int tag, std::span<const std::byte> body) override {
        team_.put(to, {rank_, tag, {body.begin(), body.end()}});
    }
    std::optional<Message> poll() override { return team_.get(rank_); }
    void broadcast(std::vector<std::byte>& body, int root) override {
        team_.share(rank_, root, &body);
    }
    void barrier() override { team_.share(rank_, 0, nullptr); }
    [[noreturn]] void abort(int code) override { std::_Exit(code); }

  private:
    Team& team_;
    int rank_;
};

}  // namespace

void run_thread_team(int size, const std::function<void(Communicator&)>& body) {
    Team team(size);
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(size));
    for (int rank = 0; rank < size; ++rank)
        threads.emplace_back([&team, &body, rank] {
            try {
                TeamRank comm(team, rank);
                body(comm);
            } catch (const TeamBroken&) {
                return;  // the rank that failed first tells why
            } catch (...) {
                team.fail(std::current_exception());
            }
        });
    for (auto& thread : threads) thread.join();
    if (team.failure()) std::rethrow_exception(team.failure());
}

}  // namespace cytofleet
