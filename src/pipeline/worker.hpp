// One rank's own work: a thread reads ahead, a thread segments; the caller feeds units and takes
// frames.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "image/file_info.hpp"
#include "models/segmenter.hpp"
#include "pipeline/bounded_queue.hpp"
#include "pipeline/open_file.hpp"
#include "pipeline/run_options.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/frame_record.hpp"
#include "schedule/journal.hpp"
#include "schedule/plan.hpp"

namespace cytofleet {

/// A frame that went through the model, or failed on the way; or the end of a unit.
struct FinishedFrame {
    FrameId frame;
    FrameState state = FrameState::done;
    SegmentResult result;    ///< its failure is the reason unless done
    bool ends_unit = false;  ///< there is no frame: the last one of a unit came before
};

/// Memory: at most four groups of frames and, beside those in the model, eight small or two large
/// label images at once, whatever the number of files and frames.
class Worker {
  public:
    /// Read, waiting (two) and in the model.
    static constexpr std::int64_t groups_at_once = 4;
    /// How many frames of a scene go through the model together when it wants so many pixels.
    static std::int64_t group_size(const SceneInfo& scene, std::int64_t pixels_per_call);
    /// Label images of so many pixels that wait to be written before the model has to.
    static std::int64_t labels_that_wait(std::int64_t pixels);

    /// `segmenter` is used by the worker's thread alone until it is destroyed. Frames that go into
    /// the model are written to `journal` before.
    Worker(const RunRecord& run, const RunOptions& options, Segmenter& segmenter, Journal& journal);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void give(const Unit& unit);
    /// Frames of it that are not in the model yet need not be done.
    void revoke(const Unit& unit);
    /// The same for everything that was given so far.
    void revoke_all() { ++generation_; }
    /// No more units come. `drop`: only frames that are in the model now are finished.
    void close(bool drop);
    /// The next finished frame; waits. Empty: closed and nothing is left. Rethrows what ended a
    /// thread.
    std::optional<FinishedFrame> take();
    /// The same, if there is one now.
    std::optional<FinishedFrame> poll();
    /// What the segmenter wants the user to hear since the last call.
    std::vector<std::string> notes();

  private:
    struct Given {
        Unit unit;
        int generation = 0;
    };
    struct Loaded {
        int generation = 0;
        std::vector<FrameId> frames;
        std::vector<Image> images;  ///< empty image where there is none
        std::vector<FrameState> states;
        std::vector<std::string> failures;  ///< why, or empty
        std::vector<double> seconds;        ///< spent reading
        bool ends_unit = false;             ///< no frames: the unit has ended
    };
    void read_ahead();
    void read_unit(const Given& given, OpenFile& open);
    void read_frame(const FrameId& frame, OpenFile& open, Loaded& group, std::int64_t& want);
    void segment();
    void segment_group(Loaded& group);
    std::size_t segment_from(Loaded& group, std::size_t first);
    void tell(Loaded& group, std::size_t number, SegmentResult result);
    bool is_unwanted(const FrameId& frame, int generation);
    void keep(std::vector<std::string> notes);
    void rethrow();
    template <typename Body>
    void guarded(Body body);

    static constexpr std::size_t most_waiting = 8;
    const RunRecord& run_;
    const RunOptions& options_;
    Segmenter& segmenter_;
    Journal& journal_;
    std::int64_t group_pixels_;  ///< of frames that go through the model together
    BoundedQueue<Given> units_{1U << 20};
    BoundedQueue<Loaded> loaded_{2};
    BoundedQueue<FinishedFrame> finished_{most_waiting};
    std::atomic<bool> drop_ = false;
    std::atomic<int> generation_ = 0;
    std::mutex mutex_;
    std::exception_ptr broken_;
    std::vector<std::string> notes_;
    std::vector<Unit> revoked_;
    std::thread reader_;
    std::thread compute_;
};

}  // namespace cytofleet
