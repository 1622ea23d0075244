// One rank's own work: a thread reads ahead, a thread segments; the caller feeds units and takes
// frames.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "image/file_info.hpp"
#include "models/segmenter.hpp"
#include "pipeline/bounded_queue.hpp"
#include "pipeline/run_options.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// A frame that went through the model, or failed on the way.
struct FinishedFrame {
    FrameId frame;
    SegmentResult result;
    bool ends_unit = false;  ///< the last frame of its unit
};

/// Memory: at most four groups of frames and eight label images at once, whatever the number of
/// files and frames.
class Worker {
  public:
    /// `files`: paths by file number. `segmenter` is used by the worker's thread alone until it is
    /// destroyed.
    Worker(const std::vector<std::filesystem::path>& files, const RunOptions& options,
           Segmenter& segmenter);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void give(const Unit& unit);
    /// Units given whose last frame was not taken yet.
    int units_in_hand() const { return units_in_hand_; }
    /// The next finished frame, waiting no longer than `patience`. Rethrows what ended a thread.
    std::optional<FinishedFrame> take(std::chrono::microseconds patience);
    /// What the segmenter wants the user to hear since the last call.
    std::vector<std::string> notes();

  private:
    struct Loaded {
        std::vector<FrameId> frames;
        std::vector<Image> images;          ///< empty image where reading failed
        std::vector<std::string> failures;  ///< why, or empty
        std::vector<double> seconds;        ///< spent reading
        bool ends_unit = false;
    };
    void read_ahead();
    void segment();
    void keep(std::vector<std::string> notes);
    template <typename Body>
    void guarded(Body body);

    const std::vector<std::filesystem::path>& files_;
    const RunOptions& options_;
    Segmenter& segmenter_;
    std::int64_t group_pixels_;  ///< of frames that go through the model together
    int units_in_hand_ = 0;
    BoundedQueue<Unit> units_{1U << 20};
    BoundedQueue<Loaded> loaded_{2};
    BoundedQueue<FinishedFrame> finished_{8};
    std::mutex mutex_;
    std::exception_ptr broken_;
    std::vector<std::string> notes_;
    std::thread reader_;
    std::thread compute_;
};

}  // namespace cytofleet
