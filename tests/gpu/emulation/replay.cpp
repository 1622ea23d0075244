// Records of the emulation: the body itself, called again.
#include "kernels/support/replay.hpp"

#include "gpu/emulation/replays.hpp"

namespace cytofleet {
namespace {

std::int64_t count = 0;

}  // namespace

namespace test {

std::int64_t replays() {
    return count;
}

}  // namespace test

namespace cuda {

struct Replay::Record {
    std::function<void()> body;
};

Replay::Replay() = default;
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;

void Replay::run(Stream /*stream*/, const std::function<void()>& body) {
    if (++calls_ == 2) {
        record_ = std::make_unique<Record>();
        record_->body = body;
    }
    if (!record_) return body();
    ++count;
    record_->body();
}

void Replay::forget() {
    calls_ = 0;
    record_.reset();
}

}  // namespace cuda
}  // namespace cytofleet
