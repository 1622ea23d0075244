// Work that is the same every time, recorded once and then started as a whole (a CUDA graph), so
// that the host does not launch its kernels one by one.
#pragma once

#include <functional>
#include <memory>

#include "kernels/support/capture.hpp"
#include "kernels/support/device_memory.hpp"

namespace cytofleet::cuda {

/// A record writes to the addresses it was made with whenever it is started, whoever has them then:
/// all memory that `body` touches belongs to whoever owns the record, and is given back after it.
class Replay {
  public:
    /// Puts the work of `body` on `stream`. The first call runs it plainly, so that whatever is
    /// made once is made; the second records it; later ones start the record and do not call
    /// `body`, which therefore must use the same memory each time and never wait for the stream.
    /// What cannot be recorded runs plainly ever after. A call that throws counts as none, and
    /// leaves the stream as it was. `stream` is not the default stream.
    void run(Stream stream, const std::function<void()>& body);
    /// Before the memory changes: the next calls are a first and a second one again.
    void forget();

  private:
    enum class Past { none, ran, tried };
    Past past_ = Past::none;
    std::unique_ptr<Recording> record_;
};

}  // namespace cytofleet::cuda
