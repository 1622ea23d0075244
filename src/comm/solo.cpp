#include <cstdlib>
#include <deque>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "comm/communicator.hpp"
#include "comm/host_name.hpp"

namespace cytofleet {
namespace {

/// One rank; messages to itself wait in a queue.
class Solo : public Communicator {
  public:
    int rank() const override { return 0; }
    int size() const override { return 1; }
    int node_rank() const override { return 0; }
    int node_size() const override { return 1; }
    std::string host() const override { return host_name(); }
    void send(int to, int tag, std::span<const std::byte> body) override {
        ensure(to == 0, "a message goes to a rank of this run");
        waiting_.push_back({0, tag, {body.begin(), body.end()}});
    }
    std::optional<Message> poll() override {
        if (waiting_.empty()) return std::nullopt;
        Message message = std::move(waiting_.front());
        waiting_.pop_front();
        return message;
    }
    void broadcast(std::vector<std::byte>& /*body*/, int /*root*/) override {}
    void barrier() override {}
    [[noreturn]] void abort(int code) override { std::_Exit(code); }

  private:
    std::deque<Message> waiting_;
};

}  // namespace

std::unique_ptr<Communicator> make_solo() {
    return std::make_unique<Solo>();
}

}  // namespace cytofleet
