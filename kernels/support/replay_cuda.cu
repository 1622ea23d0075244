#include "kernels/support/replay.hpp"

namespace cytofleet::cuda {
namespace {

/// Null where something in `body` cannot be recorded. Nothing has run in any case, and whatever it
/// throws leaves no stream recording.
std::unique_ptr<Recording> record(Stream stream, const std::function<void()>& body) {
    Capture capture(stream);
    try {
        body();
    } catch (const OutOfDeviceMemory&) {
        throw;
    } catch (const DeviceError&) {
        return nullptr;
    }
    return capture.end();
}

}  // namespace

void Replay::run(Stream stream, const std::function<void()>& body) {
    if (record_) return record_->start(stream);
    if (past_ == Past::ran) {
        record_ = record(stream, body);
        past_ = Past::tried;
    }
    if (record_) return record_->start(stream);
    body();
    if (past_ == Past::none) past_ = Past::ran;
}

void Replay::forget() {
    past_ = Past::none;
    record_.reset();
}

}  // namespace cytofleet::cuda
