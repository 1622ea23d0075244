// Assembles scenes whose frames are all in, one after the other, in a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "pipeline/assemble.hpp"
#include "pipeline/bounded_queue.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {

class Assembler {
  public:
    Assembler(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
              const RunFacts& facts, Journal& journal);
    ~Assembler();
    Assembler(const Assembler&) = delete;
    Assembler& operator=(const Assembler&) = delete;

    /// All records of a scene, by frame.
    void give(std::vector<FrameRecord> records);
    /// The next one that has ended, if any. Rethrows what ended the thread.
    std::optional<Assembly> take();
    /// Given and not taken.
    int in_hand() const { return in_hand_; }
    /// What has not begun is left undone, what has is given up.
    void drop();

  private:
    void work();

    const RunOptions& options_;
    const RunRecord& run_;
    const LoadedModel& model_;
    const RunFacts& facts_;
    Journal& journal_;
    int in_hand_ = 0;
    std::atomic<bool> abandon_ = false;
    BoundedQueue<std::vector<FrameRecord>> given_{1U << 30};
    BoundedQueue<Assembly> ended_{1U << 30};
    std::mutex mutex_;
    std::exception_ptr broken_;
    std::thread thread_;
};

}  // namespace cytofleet
