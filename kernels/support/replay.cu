#include "kernels/support/device.cuh"
#include "kernels/support/replay.hpp"

namespace cytofleet::cuda {

struct Replay::Record {
    cudaGraphExec_t graph = nullptr;
    Record() = default;
    ~Record() {
        if (graph != nullptr) cudaGraphExecDestroy(graph);
    }
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;
};

namespace {

/// Null where something in `body` cannot be recorded. Nothing has run in either case.
cudaGraphExec_t record(Stream stream, const std::function<void()>& body) {
    // Relaxed: the pool may still have to allocate, which is no work of the stream.
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
    bool recorded = true;
    try {
        body();
    } catch (const OutOfDeviceMemory&) {
        cudaGraph_t broken = nullptr;
        cudaStreamEndCapture(stream, &broken);
        if (broken != nullptr) cudaGraphDestroy(broken);
        cudaGetLastError();
        throw;
    } catch (const DeviceError&) {
        recorded = false;
    }
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream, &graph) != cudaSuccess) recorded = false;
    cudaGraphExec_t out = nullptr;
    if (recorded && cudaGraphInstantiate(&out, graph, 0) != cudaSuccess) out = nullptr;
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();  // what failed here is no error of the work
    return out;
}

}  // namespace

Replay::Replay() = default;
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;

void Replay::run(Stream stream, const std::function<void()>& body) {
    if (++calls_ == 2) {
        auto fresh = std::make_unique<Record>();
        fresh->graph = record(stream, body);
        if (fresh->graph != nullptr) record_ = std::move(fresh);
    }
    if (record_)
        check(cudaGraphLaunch(record_->graph, stream), "cudaGraphLaunch");
    else
        body();
}

void Replay::forget() {
    calls_ = 0;
    record_.reset();
}

}  // namespace cytofleet::cuda
