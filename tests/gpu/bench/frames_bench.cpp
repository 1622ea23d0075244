#include "gpu/bench/frames_bench.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "backend/cuda/cuda_ops.hpp"
#include "base/timer.hpp"
#include "gpu/bench/model_size.hpp"
#include "gpu/bench/scenes.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/tiles/tiles.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"

namespace cytofleet::bench {
namespace {

constexpr std::int64_t bar_side = 2048;
/// One call of the segmenter after the other, over all planes.
struct Passed {
    double seconds = 0;  ///< wall
    double busy = 0;     ///< of the GPU with network and masks
    std::vector<SegmentResult> results;
};

CellposeSettings settings_for(const Scope& scope) {
    CellposeSettings out;
    out.diameter = scope.diameter;
    out.batch_size = scope.batch;
    return out;
}

struct Passes {
    double first = 0;  ///< seconds; with all that is looked up, compiled and allocated
    std::vector<Passed> later;
    double median_of(double Passed::*what) const {
        std::vector<double> numbers;
        for (const Passed& pass : later) numbers.push_back(pass.*what);
        return median(numbers);
    }
};

/// The device's Cellpose, put together as the program does it.
class OnDevice {
  public:
    OnDevice(const Weights& weights, const Scope& scope, Precision precision, const Gpu& gpu)
        : engine_(start_cuda(precision, gpu.kernels)), net_(engine_.ops, weights) {
        CellposeSettings settings = settings_for(scope);
        settings.gpu = GpuSettings{gpu.number, precision, {}};
        const Scale scale = choose_scale(read_diameters(weights), std::nullopt, settings.diameter);
        settings.masks.niter = scale.default_steps(settings.resample);
        segmenter_ = cuda::make_device_segmenter(engine_.stream, net_, scale, settings);
    }

    Passed pass(const std::vector<Image>& frames) {
        const std::int64_t pixels = frames.front().height * frames.front().width;
        const auto per_call = static_cast<std::size_t>(
            std::max<std::int64_t>(1, segmenter_->pixels_per_call() / pixels));
        std::vector<const Image*> planes;
        for (const Image& frame : frames) planes.push_back(&frame);
        Passed out;
        const Timer timer;
        for (std::size_t first = 0; first < planes.size(); first += per_call) {
            const std::size_t count = std::min(per_call, planes.size() - first);
            for (SegmentResult& result :
                 segmenter_->segment(std::span(planes).subspan(first, count)))
                out.results.push_back(std::move(result));
        }
        out.seconds = timer.seconds();
        for (const SegmentResult& result : out.results)
            out.busy += result.times.network + result.times.masks;
        return out;
    }

    std::string notes() {
        const auto notes = segmenter_->notes();
        return fmt::format("{}", fmt::join(notes, "; "));
    }
    bool is_full_size() const { return full_size(net_.widths()); }

  private:
    Operations engine_;
    CpNet net_;
    std::unique_ptr<Segmenter> segmenter_;
};

std::vector<Image> movie_of(const Scene& scene, std::int64_t frames) {
    std::vector<Image> out;
    for (std::int64_t i = 0; i < frames; ++i)
        out.push_back(frame_of(scene, static_cast<std::uint32_t>(i)));
    return out;
}

class FramesBench {
  public:
    /// `part`: as which the time until it is ready is reported.
    FramesBench(const char* part, Report& report, const Weights& weights, const Scope& scope,
                const Gpu& gpu, Precision precision)
        : report_(report),
          weights_(weights),
          scope_(scope),
          precision_(precision),
          device_(weights, scope, precision, gpu) {
        report.took(fmt::format("{}, {}", part, name_of(precision)), "engine and weights",
                    starting_.seconds());
    }

    void run_size(std::int64_t side) {
        const Scene scene = scene_of(side, scope_.pitch, scope_.diameter);
        const std::int64_t tiles = make_tile_grid({side, side}, 0.1, false).count();
        const std::vector<Image> one = movie_of(scene, 1);
        const Passes alone = passes(one);
        const SegmentResult& result = alone.later.back().results.front();
        const double ms = alone.median_of(&Passed::seconds) * 1e3;
        if (side == bar_side)
            bar(fmt::format("{} x {} frame alone, {} tiles, {}", side, side, tiles,
                            name_of(precision_)),
                ms, 25, false, "ms");
        const Passes many = passes(movie_of(scene, scope_.streamed));
        report_.add("whole frames", {{"precision", std::string(name_of(precision_))},
                                     {"side", static_cast<double>(side)},
                                     {"tiles", static_cast<double>(tiles)},
                                     {"ms, alone", ms},
                                     {"network ms", result.times.network * 1e3},
                                     {"masks ms", result.times.masks * 1e3},
                                     {fmt::format("ms each of {}", scope_.streamed),
                                      many.median_of(&Passed::seconds) * 1e3 /
                                          static_cast<double>(scope_.streamed)},
                                     {"cells", static_cast<double>(result.labels.cells)},
                                     {"first, s", alone.first},
                                     {"notes", device_.notes()}});
        if (side == *std::ranges::min_element(scope_.frames)) check(one, result.labels.cells);
    }

    void run_movie() {
        const Scene scene = scene_of(scope_.movie_side, scope_.pitch, scope_.diameter);
        const std::vector<Image> frames = movie_of(scene, scope_.movie);
        const Passes all = passes(frames, 3);
        const double seconds = all.median_of(&Passed::seconds);
        const double busy = 100 * all.median_of(&Passed::busy) / seconds;
        report_.add("movie", {{"precision", std::string(name_of(precision_))},
                              {"frames", static_cast<double>(frames.size())},
                              {"side", static_cast<double>(scope_.movie_side)},
                              {"seconds", seconds},
                              {"frames/s", static_cast<double>(frames.size()) / seconds},
                              {"GPU busy %", busy},
                              {"first, s", all.first}});
        bar(fmt::format("GPU busy on the movie, {}", name_of(precision_)), busy, 90, true, "%");
    }

  private:
    Passes passes(const std::vector<Image>& frames, int most = 11) {
        Passes out;
        out.first = device_.pass(frames).seconds;
        const Timer timer;
        for (int i = 0; i < std::min(most, scope_.rounds); ++i) {
            if (i >= 3 && timer.seconds() > scope_.enough) break;
            if (!out.later.empty()) out.later.back().results.clear();  // gigabytes in all
            out.later.push_back(device_.pass(frames));
        }
        for (const SegmentResult& result : out.later.back().results)
            if (!result.failure.empty()) report_.wrong("a frame failed: " + result.failure);
        return out;
    }

    /// As many cells as the CPU finds, but for 1 % or one: networks differ in their last bits,
    /// and in fp16 in more.
    void check(const std::vector<Image>& frames, double got) {
        const Timer timer;
        CellposeSettings settings = settings_for(scope_);
        settings.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
        Cellpose cpu(weights_, std::nullopt, settings);
        const Image* const plane = frames.data();
        const double wanted = cpu.segment({&plane, 1}).at(0).labels.cells;
        if (std::abs(got - wanted) > std::max(1.0, wanted / 100))
            report_.wrong(fmt::format("a frame in {} has {} cells; the CPU finds {}",
                                      name_of(precision_), got, wanted));
        report_.took(fmt::format("frames, {}", name_of(precision_)), "the CPU's cells",
                     timer.seconds());
    }

    void bar(const std::string& what, double got, double wanted, bool at_least,
             const std::string& unit) {
        const bool full = device_.is_full_size();
        report_.bar(what, full ? std::optional(got) : std::nullopt, wanted, at_least, unit,
                    small_model);
    }

    Timer starting_;  ///< before the device
    Report& report_;
    const Weights& weights_;
    const Scope& scope_;
    Precision precision_;
    OnDevice device_;
};

}  // namespace

void bench_frames(Report& report, const Weights& weights, const Scope& scope, const Gpu& gpu,
                  Precision precision) {
    FramesBench bench("frames", report, weights, scope, gpu, precision);
    for (const std::int64_t side : scope.frames) bench.run_size(side);
}

void bench_movie(Report& report, const Weights& weights, const Scope& scope, const Gpu& gpu,
                 Precision precision) {
    FramesBench bench("movie", report, weights, scope, gpu, precision);
    bench.run_movie();
}

}  // namespace cytofleet::bench
