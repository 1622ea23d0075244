#include "models/cellpose/cuda/device_segmenter.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "backend/cuda/device_pool.hpp"
#include "base/error.hpp"
#include "kernels/resize/resize_cuda.hpp"
#include "kernels/support/devices.hpp"
#include "kernels/support/streams.hpp"
#include "kernels/tiles/blend_cuda.hpp"
#include "models/cellpose/cuda/frame_loader.hpp"
#include "models/cellpose/cuda/frame_shape.hpp"
#include "models/cellpose/cuda/gpu_memory.hpp"
#include "models/cellpose/cuda/tile_batch.hpp"
#include "models/gpu.hpp"

namespace cytofleet::cuda {
namespace {

std::size_t float_bytes(std::int64_t count) {
    return static_cast<std::size_t>(count) * sizeof(float);
}

/// A frame under way, and its memory, which the next frames use again.
struct Flight {
    LoadedFrame up;
    PinnedBlock down;
    DeviceArray<std::uint32_t>
        labels;  ///< so that the next frame's may be made while these go down
    DeviceArray<MaskReport> report{1};
    Event masks_begin;
    Event masks_end;
    Event back;  ///< labels and report are in `down`

    std::shared_ptr<const FrameShape> shape;
    TileSink sink;
    Scratch answers;  ///< the network's, of all tiles
};

class DeviceSegmenter : public Segmenter {
  public:
    DeviceSegmenter(Stream stream, const CpNet& net, const Scale& scale,
                    const CellposeSettings& settings)
        : stream_(stream),
          net_(net),
          settings_(settings),
          device_(settings.gpu ? settings.gpu->device : 0),
          scale_(scale),
          capacity_(std::max<std::int64_t>(1, settings.batch_size)),
          shapes_(stream, scale, settings) {}

    ~DeviceSegmenter() override {
        try {
            use_device(device_);
        } catch (...) {
            // The device is lost, and its memory with it.
        }
        drop_frames();
    }

    std::int64_t pixels_per_call() const override { return gpu_pixels_per_call; }

    std::uint64_t bytes_of_call(std::int64_t height, std::int64_t width,
                                std::int64_t frames) const override {
        return bytes_beside_gpu_call({height, width}, frames, net_.channels_in(), scale_,
                                     settings_);
    }
    std::uint64_t gpu_bytes_of_call(std::int64_t height, std::int64_t width,
                                    std::int64_t frames) const override {
        const Precision precision = settings_.gpu ? settings_.gpu->precision : Precision::fp32;
        return bytes_of_gpu_call({height, width}, frames, net_.widths(), scale_, settings_,
                                 precision);
    }

    std::vector<std::string> notes() override { return std::exchange(notes_, {}); }

    std::vector<SegmentResult> segment(std::span<const Image* const> planes) override {
        use_device(device_);
        for (;;) {
            try {
                return segment_all(planes);
            } catch (const OutOfDeviceMemory& full) {
                drop_frames();
                make_room(full);
            } catch (const DeviceError& lost) {
                drop_frames();
                throw DeviceError(fmt::format("GPU {}: {} (see nvidia-smi and start the run again)",
                                              device_, lost.what()));
            } catch (...) {
                drop_frames();
                throw;
            }
        }
    }

  private:
    std::vector<SegmentResult> segment_all(std::span<const Image* const> planes) {
        std::vector<SegmentResult> results(planes.size());
        network_seconds_.assign(planes.size(), 0);
        for (std::size_t i = 0; i < planes.size(); ++i) {
            const Image& plane = *planes[i];
            std::shared_ptr<const FrameShape> shape;
            try {
                shape = shapes_.shape_of({plane.height, plane.width});
            } catch (const Error& error) {
                results[i].failure = error.what();
                continue;
            }
            make_batch_for(*shape, results);
            Flight& frame = take_flight(*shape, results);
            frame.sink.owner = i;
            frame.shape = std::move(shape);
            if (frame.up.load(plane, net_.channels_in(), settings_, up_.get(), results[i])) {
                send(frame, results);
            } else {
                idle_.push_back(std::move(flying_.back()));
                flying_.pop_back();
            }
        }
        land_all(results);
        for (std::size_t i = 0; i < results.size(); ++i)
            results[i].times.network = network_seconds_[i];
        return results;
    }

    void land_all(std::vector<SegmentResult>& results) {
        run_batch();
        while (!flying_.empty()) collect_oldest(results);
        if (batch_) batch_->share_times(network_seconds_);
    }

    /// All tiles of a batch have one size.
    void make_batch_for(const FrameShape& shape, std::vector<SegmentResult>& results) {
        if (batch_ && batch_->tile() == shape.grid.tile) return;
        land_all(results);
        batch_.reset();
        batch_ = std::make_unique<TileBatch>(stream_, net_, shape.grid.tile, capacity_);
    }

    /// The last of those flying. As many frames are under way as fill a batch, one whose labels go
    /// down and one that comes up.
    Flight& take_flight(const FrameShape& shape, std::vector<SegmentResult>& results) {
        const auto most = static_cast<std::size_t>(capacity_ / shape.grid.count() + 2);
        while (flying_.size() >= most) collect_oldest(results);
        flying_.push_back(idle_.empty() ? std::make_unique<Flight>() : nullptr);
        if (!flying_.back()) {
            flying_.back() = std::move(idle_.back());
            idle_.pop_back();
        }
        return *flying_.back();
    }

    /// Queues everything up to the network for the tiles of a frame, and the network whenever the
    /// batch is full.
    void send(Flight& frame, std::vector<SegmentResult>& results) {
        const TileGrid& grid = frame.shape->grid;
        frame.answers =
            Scratch(pool_, float_bytes(grid.count() * network_outputs * grid.tile.pixels()));
        frame.sink.planes = frame.answers.floats();
        frame.sink.tiles = grid.count();
        frame.sink.done = 0;
        frame.up.prepare(stream_, settings_);
        for (std::int64_t first = 0; first < grid.count();) {
            const std::int64_t count = std::min(grid.count() - first, batch_->free());
            float* const tiles = batch_->add(frame.sink, count);
            frame.up.cut(stream_, frame.shape->device_grid.view(), first, count, tiles);
            first += count;
            if (first == grid.count()) frame.up.release(stream_);
            if (batch_->free() == 0) run_batch();
        }
        results[frame.sink.owner].times.prepare = frame.up.seconds();
    }

    void run_batch() {
        if (!batch_) return;
        for (TileSink* sink : batch_->run())
            for (const std::unique_ptr<Flight>& flight : flying_)
                if (&flight->sink == sink) make_labels(*flight);
    }

    /// From all of a frame's answers to its labels, which go down beside what follows.
    void make_labels(Flight& frame) {
        const FrameShape& shape = *frame.shape;
        frame.masks_begin.record(stream_);
        {
            const Extent small = shape.grid.frame;
            Scratch flows(pool_, float_bytes(network_outputs * small.pixels()));
            blend_tiles(stream_, shape.device_grid.view(), frame.answers.floats(),
                        TileLayout::planar, flows.floats());
            frame.answers = {};
            if (shape.dynamics != small) {
                Scratch resized(pool_, float_bytes(network_outputs * shape.dynamics.pixels()));
                resize_output(stream_, flows.floats(), small, network_outputs, resized.floats(),
                              shape.dynamics);
                flows = std::move(resized);
            }
            MaskStage& masks = shapes_.masks_of(shape);
            masks.run(stream_, flows.floats());
            keep_labels(frame, masks);
        }
        frame.masks_end.record(stream_);
        frame.masks_end.hold_up(down_.get());
        const auto pixels = static_cast<std::size_t>(shape.frame.pixels());
        const auto room = frame.down.room(sizeof(MaskReport) + pixels * sizeof(std::uint32_t));
        copy_down(down_.get(), room.data(), frame.report.data(), sizeof(MaskReport));
        copy_down(down_.get(), room.data() + sizeof(MaskReport), frame.labels.data(),
                  pixels * sizeof(std::uint32_t));
        frame.back.record(down_.get());
    }

    void keep_labels(Flight& frame, const MaskStage& masks) {
        const auto pixels = static_cast<std::size_t>(masks.frame().pixels());
        if (frame.labels.size() < pixels) {
            frame.labels = {};
            frame.labels = DeviceArray<std::uint32_t>(pixels);
        }
        copy_across(stream_, frame.labels.data(), masks.labels(), pixels * sizeof(std::uint32_t));
        copy_across(stream_, frame.report.data(), masks.report(), sizeof(MaskReport));
    }

    void collect_oldest(std::vector<SegmentResult>& results) {
        Flight& frame = *flying_.front();
        if (frame.sink.done < frame.sink.tiles) run_batch();
        frame.back.wait();
        SegmentResult& result = results[frame.sink.owner];
        const Extent extent = frame.shape->frame;
        const auto pixels = static_cast<std::size_t>(extent.pixels());
        const auto room = frame.down.room(sizeof(MaskReport) + pixels * sizeof(std::uint32_t));
        MaskReport report;
        std::memcpy(&report, room.data(), sizeof(report));
        if (report.at_edge != 0) {
            result.failure = flows_are_no_numbers;
        } else {
            result.labels = {extent.height, extent.width, std::vector<std::uint32_t>(pixels),
                             report.largest, report.cells};
            std::memcpy(result.labels.labels.data(), room.data() + sizeof(report),
                        pixels * sizeof(std::uint32_t));
        }
        result.times.masks = frame.masks_end.seconds_since(frame.masks_begin);
        idle_.push_back(std::move(flying_.front()));
        flying_.pop_front();
    }

    /// However a call ended, the next one finds nothing of its frames. Copies must be over before
    /// the memory goes that they use.
    void drop_frames() noexcept {
        for (const Stream stream : {up_.get(), stream_, down_.get()}) {
            try {
                synchronize(stream);
            } catch (...) {
                // What is lost is told by whoever uses the device next.
            }
        }
        flying_.clear();
        batch_.reset();
    }

    /// After which the call starts again: a result does not depend on the batch.
    void make_room(const OutOfDeviceMemory& full) {
        idle_.clear();
        shapes_.clear();
        pool_.release_free();
        net_.ops().trim();
        if (capacity_ == 1)
            throw Error(ErrorKind::environment,
                        fmt::format("{}, not even for one tile at a time; use fewer ranks per GPU, "
                                    "cut the frames into parts, or use --device cpu",
                                    full.what()));
        const std::int64_t half = capacity_ / 2;
        notes_.push_back(
            fmt::format("GPU memory ran out: {} tiles go through the network "
                        "together from now on",
                        half));
        capacity_ = half;
    }

    Stream stream_;
    const CpNet& net_;
    CellposeSettings settings_;
    int device_;  ///< a thread's calls go to the device it chose
    Scale scale_;
    std::int64_t capacity_;  ///< tiles of a batch
    OwnStream up_;
    OwnStream down_;
    DevicePool pool_;  ///< of stream_
    FrameShapes shapes_;
    std::unique_ptr<TileBatch> batch_;
    std::vector<std::unique_ptr<Flight>> idle_;
    std::deque<std::unique_ptr<Flight>> flying_;
    std::vector<double> network_seconds_;  ///< of each plane of the call
    std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Segmenter> make_device_segmenter(Stream stream, const CpNet& net,
                                                 const Scale& scale,
                                                 const CellposeSettings& settings) {
    return std::make_unique<DeviceSegmenter>(stream, net, scale, settings);
}

}  // namespace cytofleet::cuda
