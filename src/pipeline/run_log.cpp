#include "pipeline/run_log.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include <fmt/format.h>

#include "base/peak_memory.hpp"
#include "base/text.hpp"
#include "base/version.hpp"

namespace cytofleet {
namespace {

/// Collects lines in the form of the seed application's logs: time, module, level, message.
class Lines {
  public:
    explicit Lines(std::string stamp) : stamp_(std::move(stamp)) {}
    void add(std::string_view level, std::string_view message) {
        text_ += fmt::format("{} (cytofleet - segmentation module) [{}] {}\n", stamp_, level,
                             printable(message));
    }
    void info(std::string_view message) { add("INFO", message); }
    std::string take() { return std::move(text_); }

  private:
    std::string stamp_;
    std::string text_;
};

std::string_view on_off(bool value) {
    return value ? "on" : "off";
}

void add_settings(Lines& lines, const LogFacts& facts) {
    const CellposeSettings& s = facts.options.cellpose;
    lines.info("Segmentation method: Cellpose 3");
    if (facts.model != nullptr) {
        const ModelInfo& model = facts.model->info;
        const bool named = facts.options.model != model.file.native();
        lines.info(
            fmt::format("Model type: {}", named ? facts.options.model : "User trained model"));
        lines.info(fmt::format("Model file: {}", model.file.filename().native()));
        lines.info(fmt::format("Model SHA-256: {}", model.sha256));
        lines.info(fmt::format("Diameter in use: {:.7g} px, flow steps {}", facts.model->diameter,
                               facts.model->steps));
        for (const auto& tensor : model.unused)
            lines.add("WARNING", "Model tensor not used: " + tensor);
    } else {
        lines.info("Model: " + facts.options.model);
    }
    lines.info(fmt::format("Cell probability threshold: {}", s.masks.cellprob_threshold));
    lines.info(fmt::format("Flow threshold: {}", s.masks.flow_threshold));
    lines.info(fmt::format("Minimum size: {} px, maximum fraction of the frame: {}",
                           s.masks.min_size, s.masks.max_size_fraction));
    lines.info(fmt::format("Normalised between percentiles {} and {}, inverted: {}",
                           s.normalize.percentile[0], s.normalize.percentile[1],
                           on_off(s.normalize.invert)));
    lines.info(
        fmt::format("Augment: {}, tile overlap: {}, resample: {}, interpolate: {}, dynamics as "
                    "Python's {} device",
                    on_off(s.augment), s.tile_overlap, on_off(s.resample),
                    on_off(s.masks.interpolate), s.masks.variant == Variant::cpu ? "cpu" : "cuda"));
}

std::string missing_or_failed(const FrameRecord& record) {
    return record.notes.empty() ? std::string("failed") : record.notes.front();
}

/// Frames that follow each other and are empty for the same reason get one line: a file may
/// announce a million that it does not hold.
void add_frames(Lines& lines, const std::vector<FrameRecord>& records) {
    std::uint64_t cells = 0;
    for (auto record = records.begin(); record != records.end(); ++record) {
        if (record->state != FrameState::done) {
            const std::string reason = missing_or_failed(*record);
            const auto past = std::find_if(record, records.end(), [&](const FrameRecord& other) {
                return other.state == FrameState::done || missing_or_failed(other) != reason;
            });
            const std::int64_t first = record->frame.t;
            record = std::prev(past);
            lines.add("WARNING", record->frame.t == first
                                     ? fmt::format("Frame {} is empty: {}", first, reason)
                                     : fmt::format("Frames {} to {} are empty: {}", first,
                                                   record->frame.t, reason));
            continue;
        }
        cells += record->cells;
        lines.info(fmt::format("Frame {}: {}", record->frame.t, count_of(record->cells, "cell")));
        for (const auto& note : record->notes)
            lines.add("WARNING", fmt::format("Frame {} {}", record->frame.t, note));
    }
    lines.info(fmt::format("Cells in all frames: {}", cells));
}

}  // namespace

std::string log_text(const LogFacts& facts) {
    Lines lines(time_stamp(facts.start));
    lines.info(fmt::format("Program: cytofleet {}", version()));
    lines.info(std::string(log_input_mark) + show(facts.input));
    if (facts.members.size() > 1) {
        std::string names;
        for (const auto& member : facts.members)
            names += (names.empty() ? "" : ", ") + show(member.filename());
        lines.info("Files of its set: " + names);
    }
    if (facts.scene_number >= 0)
        lines.info(fmt::format(
            "Scene: {}{}", facts.scene_number + 1,
            facts.scene && !facts.scene->name.empty() ? " " + facts.scene->name : std::string()));
    if (facts.scene != nullptr)
        lines.info(fmt::format("Frames: {} of {} x {} (Y x X) {} pixels", facts.scene->t,
                               facts.scene->y, facts.scene->x, name_of(facts.scene->type)));
    add_settings(lines, facts);
    // A GPU's network may give other labels than a CPU's, so a mask tells.
    if (facts.options.cellpose.gpu)
        lines.info(
            fmt::format("Network on a GPU in {}", name_of(facts.options.cellpose.gpu->precision)));
    lines.info(fmt::format("Channel used: {}", facts.options.channel));
    for (const auto& warning : facts.warnings) lines.add("WARNING", warning);
    if (facts.records != nullptr) add_frames(lines, *facts.records);
    if (!facts.failure.empty()) lines.add("ERROR", facts.failure);
    if (facts.failure.empty()) lines.info("Output file: " + show(facts.output));
    return lines.take();
}

std::string machine_text(const LogFacts& facts, const RunFacts& run) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    Lines lines(time_stamp(ms / 1000, static_cast<int>(ms % 1000)));
    lines.info("Build: " + build_text());
    lines.info(fmt::format("Host: {}, {}, {} each", run.host,
                           count_of(static_cast<std::uint64_t>(run.ranks), "rank"),
                           count_of(static_cast<std::uint64_t>(run.threads), "thread")));
    if (facts.model != nullptr) {
        lines.info("Device: " + facts.model->engine);
        lines.info("Model file in full: " + show(facts.model->info.file));
    }
    if (facts.records != nullptr) {
        double sum = 0;
        double slowest = 0;
        int done = 0;
        for (const FrameRecord& record : *facts.records) {
            if (record.state != FrameState::done) continue;
            const FrameTimes& times = record.times;
            sum += times.total();
            slowest = std::max(slowest, times.total());
            ++done;
            lines.info(
                fmt::format("Frame {}: {:.3f} s on rank {} (read {:.3f}, prepare {:.3f}, "
                            "network {:.3f}, masks {:.3f})",
                            record.frame.t, times.total(), record.rank, times.read, times.prepare,
                            times.network, times.masks));
        }
        if (done > 0)
            lines.info(fmt::format("Time per frame: {:.3f} s in the mean, {:.3f} s at most",
                                   sum / done, slowest));
    }
    lines.info(fmt::format("Peak memory of this rank: {}", human_bytes(peak_memory())));
    if (!run.mask_sha256.empty()) lines.info("Mask SHA-256: " + run.mask_sha256);
    return lines.take();
}

}  // namespace cytofleet
