#include "app/overlay.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "io/reader.hpp"
#include "pipeline/catalogue.hpp"
#include "pipeline/discover.hpp"
#include "report/overlay.hpp"

namespace cytofleet {
namespace {

constexpr std::int64_t most_frames = 6;
constexpr std::int64_t columns = 3;
constexpr std::int64_t tile = 360;

void write_overlay(const RunOptions& options, const std::filesystem::path& input, const Job& job) {
    const auto image = open_reader(input, reader_options(options, input));
    const auto mask = open_reader(mask_path(job.stem));
    const SceneInfo& scene = image->info().scenes.at(static_cast<std::size_t>(job.scene));
    ContactSheet sheet(columns, tile);
    const std::int64_t count = std::min(most_frames, scene.t);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t t = count == 1 ? 0 : i * (scene.t - 1) / (count - 1);
        give_sign_of_life();
        if (std::ranges::binary_search(scene.missing_frames, t)) continue;
        const LabelImage labels = labels_of(mask->read({0, t, 0, 0, 0}));
        sheet.add(image->read(plane_of(scene, job.scene, t, options.channel)), labels,
                  fmt::format("frame {}  {} cells", t, labels.cells));
    }
    const MayReplace rule = options.existing == Existing::overwrite ? MayReplace{} : is_own_png;
    if (!sheet.empty()) sheet.write(picture_path(job.stem), rule);
}

}  // namespace

void write_overlays(const RunOptions& options, const RunSummary& summary, Log& log) {
    for (const Outcome& outcome : summary.outcomes) {
        if (!outcome.failure.empty()) continue;
        const auto& input = summary.inputs.at(static_cast<std::size_t>(outcome.job.file));
        try {
            write_overlay(options, input, outcome.job);
        } catch (const Error& error) {
            log.warning(fmt::format("no picture of {}: {}", show(input), error.what()));
        }
    }
}

}  // namespace cytofleet
