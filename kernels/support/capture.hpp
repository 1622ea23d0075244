// Recording what is put on a stream instead of running it (a CUDA graph). No CUDA header is needed
// here; capture.cu has the calls, the tests' emulation its own.
#pragma once

#include <memory>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// Recorded work. It names memory by address: whoever starts it keeps that memory.
class Recording {
  public:
    Recording();
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    void start(Stream stream) const;

  private:
    friend class Capture;
    struct Graph;
    std::unique_ptr<Graph> graph_;
};

/// While this lives, what is put on the stream is recorded and does not run. Memory may be
/// allocated; waiting for the stream fails and spoils the record.
class Capture {
  public:
    /// Not of the default stream. Throws DeviceError.
    explicit Capture(Stream stream);
    /// Whatever happened, an exception of any kind included: the stream runs its work again.
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    /// Ends it; once. Null where something cannot be recorded: nothing of it has run.
    std::unique_ptr<Recording> end();

  private:
    Stream stream_;
    bool ended_ = false;
};

}  // namespace cytofleet::cuda
