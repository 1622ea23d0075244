#include "kernels/support/capture.hpp"
#include "kernels/support/device.cuh"

namespace cytofleet::cuda {

struct Recording::Graph {
    cudaGraphExec_t executable = nullptr;
    Graph() = default;
    // One that is running is freed when it is done.
    ~Graph() {
        if (executable != nullptr) cudaGraphExecDestroy(executable);
    }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
};

Recording::Recording() : graph_(std::make_unique<Graph>()) {}
Recording::~Recording() = default;

void Recording::start(Stream stream) const {
    check(cudaGraphLaunch(graph_->executable, stream), "cudaGraphLaunch");
}

Capture::Capture(Stream stream) : stream_(stream) {
    // Relaxed: a pool may still have to allocate, which is no work of the stream.
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
}

Capture::~Capture() {
    if (ended_) return;
    cudaGraph_t dropped = nullptr;
    cudaStreamEndCapture(stream_, &dropped);
    if (dropped != nullptr) cudaGraphDestroy(dropped);
    cudaGetLastError();  // what failed here is no error of the work
}

std::unique_ptr<Recording> Capture::end() {
    auto out = std::make_unique<Recording>();  // first: from here on nothing throws
    ended_ = true;
    cudaGraph_t graph = nullptr;
    const bool recorded = cudaStreamEndCapture(stream_, &graph) == cudaSuccess;
    cudaGraphExec_t& executable = out->graph_->executable;
    if (recorded && cudaGraphInstantiate(&executable, graph, 0) != cudaSuccess)
        executable = nullptr;
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    if (executable == nullptr) return nullptr;
    return out;
}

}  // namespace cytofleet::cuda
