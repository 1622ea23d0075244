// Compresses a rank's finished frames and brings them to the disk, in a thread of its own.
#pragma once

#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/bounded_queue.hpp"
#include "pipeline/run_record.hpp"
#include "pipeline/spool.hpp"
#include "pipeline/worker.hpp"
#include "schedule/frame_record.hpp"
#include "schedule/journal.hpp"

namespace cytofleet {

/// Takes what the worker has finished: plane to the spool, fsync, line to the journal, fsync; only
/// then is a frame told of. Frames that are there together share the fsyncs.
class Scribe {
  public:
    Scribe(const RunRecord& run, int rank, Worker& worker, Journal& journal);
    ~Scribe();
    Scribe(const Scribe&) = delete;
    Scribe& operator=(const Scribe&) = delete;

    struct Written {
        std::vector<FrameRecord> records;
        int units_ended = 0;
    };
    /// What has been written, waiting no longer than `patience`. Rethrows what ended the thread.
    std::optional<Written> take(std::chrono::microseconds patience);
    /// The worker is closed and everything of it was taken.
    bool finished() const { return finished_; }

  private:
    void work();
    void write(Written& group, std::optional<FinishedFrame> frame);
    void keep(const std::vector<FrameRecord>& records);
    void journal_frames(const std::vector<FrameRecord>& records);

    const RunRecord& run_;
    int rank_;
    Worker& worker_;
    Journal& journal_;
    Spool spool_;
    BoundedQueue<Written> written_{1U << 20};
    std::mutex mutex_;
    std::exception_ptr broken_;
    bool finished_ = false;
    std::thread thread_;
};

}  // namespace cytofleet
