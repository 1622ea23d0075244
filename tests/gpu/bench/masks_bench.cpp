#include "gpu/bench/masks_bench.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "gpu/bench/mask_traffic.hpp"
#include "gpu/bench/scenes.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/qc/error_math.hpp"
#include "kernels/support/streams.hpp"
#include "models/cellpose/cuda/mask_stage.hpp"
#include "models/cellpose/masks.hpp"

namespace cytofleet::bench {
namespace {

constexpr std::int64_t bar_side = 2048;
constexpr std::int64_t crowded_cells = 2000;

struct Density {
    const char* name;
    double spread;  ///< times the pitch of crowded cells
};
constexpr Density densities[] = {{"crowded", 1}, {"sparse", 4}};

/// Seconds of each step, all its calls together, and how many there were.
struct Step {
    std::string name;
    int calls = 0;
    std::vector<double> seconds;
};

class StepTimes {
  public:
    StepTimes(cuda::MaskStage& stage, cuda::Stream stream) : stage_(stage), stream_(stream) {
        stage.watch([this](const char* step) {
            if (marks_ == events_.size()) events_.emplace_back();
            if (marks_ == names_.size()) names_.emplace_back(step);
            events_[marks_++].record(stream_);
        });
    }
    ~StepTimes() { stage_.watch(nullptr); }
    StepTimes(const StepTimes&) = delete;
    StepTimes& operator=(const StepTimes&) = delete;

    std::vector<Step> measure(const float* flows, int rounds) {
        std::vector<Step> out;
        for (int round = -1; round < rounds; ++round) {
            marks_ = 0;
            begin_.record(stream_);
            stage_.run(stream_, flows);
            cuda::synchronize(stream_);
            if (round >= 0) take(out);
        }
        return out;
    }

  private:
    void take(std::vector<Step>& out) const {
        std::map<std::string, std::pair<int, double>> sums;
        for (std::size_t i = 0; i < marks_; ++i) {
            auto& [calls, seconds] = sums[names_[i]];
            ++calls;
            seconds += events_[i].seconds_since(i == 0 ? begin_ : events_[i - 1]);
        }
        for (std::size_t i = 0; i < marks_; ++i) {
            const auto found = sums.find(names_[i]);
            if (found == sums.end()) continue;
            auto step = std::ranges::find(out, names_[i], &Step::name);
            if (step == out.end()) step = out.insert(out.end(), Step{names_[i], 0, {}});
            step->calls = found->second.first;
            step->seconds.push_back(found->second.second);
            sums.erase(found);
        }
    }

    cuda::MaskStage& stage_;
    cuda::Stream stream_;
    cuda::Event begin_;
    std::vector<cuda::Event> events_;
    std::vector<std::string> names_;
    std::size_t marks_ = 0;
};

MaskLoad load_of(const Scene& scene, const std::vector<float>& flows) {
    const double side = static_cast<double>(scene.side);
    const auto cells = static_cast<double>(scene.cells());
    const auto logits = std::span(flows).last(static_cast<std::size_t>(scene.side * scene.side));
    return {.pixels = side * side,
            .bins = (side + 40) * (side + 40),
            .foreground = static_cast<double>(
                std::ranges::count_if(logits, [](float logit) { return logit > 0; })),
            .boxes = cells * scene.diameter * scene.diameter,
            .cells = cells,
            .heat = in_single_precision(scene.side, scene.side) ? 4.0 : 8.0};
}

class MasksBench {
  public:
    MasksBench(Report& report, const Scope& scope, Peaks& peaks)
        : report_(report), scope_(scope), peaks_(peaks) {}

    void run(std::int64_t side, const Density& density, Variant variant) {
        const Scene scene = scene_of(side, scope_.pitch * density.spread, scope_.diameter);
        const Extent extent{side, side};
        const std::vector<float> flows = flows_of(scene);
        const cuda::DeviceArray<float> there(stream_, std::span(flows));
        const MaskOptions options{.niter = scope_.steps, .variant = variant};
        cuda::MaskStage stage(extent, extent, options);
        const double seconds =
            median_seconds(stream_, scope_.rounds, [&] { stage.run(stream_, there.data()); });
        const std::string name = fmt::format("{}, {}, {} variant", side, density.name,
                                             variant == Variant::cpu ? "cpu" : "cuda");
        check(stage, scene, flows, options, name);
        const auto steps = StepTimes(stage, stream_).measure(there.data(), scope_.rounds);
        const MaskLoad load = load_of(scene, flows);
        double all = 0;
        for (const Step& step : steps) all += step.calls * mask_traffic(step.name, load);
        add(name, scene, "all", 1, seconds, all);
        for (const Step& step : steps)
            add(name, scene, step.name, step.calls, median(step.seconds),
                step.calls * mask_traffic(step.name, load));
        if (side == bar_side && scene.cells() >= crowded_cells)
            report_.bar(fmt::format("masks of {}", name), seconds * 1e3, 5, false, "ms");
    }

  private:
    void add(const std::string& name, const Scene& scene, const std::string& step, int calls,
             double seconds, double bytes) {
        report_.add("masks", {{"frame", name},
                              {"cells", static_cast<double>(scene.cells())},
                              {"step", step},
                              {"calls", static_cast<double>(calls)},
                              {"ms", seconds * 1e3},
                              {"MB", bytes / 1e6},
                              {"GB/s", bytes / seconds / 1e9},
                              {"% of copy", peaks_.percent_of_copy(bytes, seconds)}});
    }

    /// Every cell is found; and on the smallest frames, every pixel is as the CPU has it.
    void check(const cuda::MaskStage& stage, const Scene& scene, const std::vector<float>& flows,
               const MaskOptions& options, const std::string& name) {
        cuda::MaskReport found;
        cuda::copy_down(stream_, &found, stage.report(), sizeof(found));
        std::vector<std::uint32_t> labels(static_cast<std::size_t>(stage.frame().pixels()));
        cuda::copy_down(stream_, labels.data(), stage.labels(), labels.size() * 4);
        cuda::synchronize(stream_);
        if (found.cells != scene.cells())
            report_.wrong(fmt::format("masks of {}: {} cells instead of {}", name, found.cells,
                                      scene.cells()));
        if (scene.side != *std::ranges::min_element(scope_.frames)) return;
        const LabelImage wanted = compute_masks({1}, flows, stage.grid(), stage.frame(), options);
        if (labels != wanted.labels)
            report_.wrong(fmt::format("masks of {} differ from the CPU's", name));
    }

    Report& report_;
    const Scope& scope_;
    Peaks& peaks_;
    cuda::OwnStream own_;
    cuda::Stream stream_ = own_.get();
};

}  // namespace

void bench_masks(Report& report, const Scope& scope, Peaks& peaks) {
    MasksBench bench(report, scope, peaks);
    for (const Variant variant : {Variant::cpu, Variant::cuda})
        for (const std::int64_t side : scope.frames)
            for (const Density& density : densities) bench.run(side, density, variant);
}

}  // namespace cytofleet::bench
