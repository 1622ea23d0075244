// Records of the emulation: the very launches, copies and convolutions that were put on the stream,
// with the addresses and numbers they had.
#include "kernels/support/capture.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/live_memory.hpp"
#include "gpu/emulation/replays.hpp"
#include "gpu/emulation/stream.hpp"

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

struct Recording::Graph {
    std::vector<emulation::Work> work;
};

Recording::Recording() : graph_(std::make_unique<Graph>()) {}
Recording::~Recording() = default;

void Recording::start(Stream stream) const {
    const emulation::Inside inside;
    if (emulation::capturing(stream))
        throw std::logic_error("the emulation does not know records in what is captured");
    ++count;
    for (const emulation::Work& work : graph_->work)
        for (const void* const place : work.names)
            if (!emulation::is_live(place))
                throw std::logic_error(
                    "recorded work is started, but memory that it names was released");
    for (const emulation::Work& work : graph_->work) emulation::put(stream, work);
}

Capture::Capture(Stream stream) : stream_(stream) {
    emulation::begin_capture(stream);
}

Capture::~Capture() {
    if (!ended_) emulation::end_capture(stream_);
}

std::unique_ptr<Recording> Capture::end() {
    auto out = std::make_unique<Recording>();
    ended_ = true;
    auto work = emulation::end_capture(stream_);
    if (!work) return nullptr;
    out->graph_->work = std::move(*work);
    return out;
}

}  // namespace cuda
}  // namespace cytofleet
