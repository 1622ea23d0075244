// Work that is the same every time, recorded once and then started as a whole (a CUDA graph), so
// that the host does not launch its kernels one by one. No CUDA header is needed here; replay.cu
// has the calls, the tests' emulation its own.
#pragma once

#include <functional>
#include <memory>

#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

class Replay {
  public:
    Replay();
    ~Replay();
    Replay(Replay&&) noexcept;
    Replay& operator=(Replay&&) noexcept;
    /// Puts the work of `body` on `stream`. The first call runs it plainly, so that whatever is
    /// made once is made; the second records it; later ones start the record and do not call
    /// `body`, which therefore must use the same memory each time and never wait for the stream.
    /// What cannot be recorded runs plainly ever after. `stream` is not the default stream.
    void run(Stream stream, const std::function<void()>& body);
    /// The memory has changed: the next calls are a first and a second one again.
    void forget();

  private:
    struct Record;
    int calls_ = 0;
    std::unique_ptr<Record> record_;
};

}  // namespace cytofleet::cuda
