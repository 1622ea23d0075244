#include "pipeline/catalogue.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sign_of_life.hpp"
#include "base/text.hpp"
#include "pipeline/claim_paths.hpp"
#include "pipeline/discover.hpp"
#include "pipeline/set_parts.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

// Frames that are announced but not there, until one has to say that they are wanted: a small file
// may announce millions, and each becomes a plane.
constexpr std::int64_t many_missing = 10'000;
constexpr std::int64_t missing_for_each = 100;

// So many frames with so few pixels on a side are an image whose axes are mistaken.
constexpr std::int64_t narrowest = 8;
constexpr std::int64_t many_frames = 32;

/// Why a scene cannot be segmented; empty when it can.
std::string why_not(const SceneInfo& scene, const RunOptions& options) {
    const std::int64_t channel = options.channel;
    if (scene.z > 1)
        return fmt::format(
            "has Z = {} slices; if they are time points or channels, say so by --axes T or C, "
            "else project the file first (--projection comes with a later version)",
            scene.z);
    if (scene.y < 1 || scene.x < 1) return "has no pixels";
    const std::int64_t narrow = std::min(scene.y, scene.x);
    const std::int64_t long_side = std::max(scene.y, scene.x);
    if (options.reader.axes.empty() && narrow <= narrowest && scene.t >= many_frames &&
        long_side >= many_frames)
        return fmt::format(
            "has {} frames of {} x {} (Y x X) pixels, in which no cell is found: if its channels "
            "lie last, say so by --axes {}; if it is a movie all the same, by --axes T",
            scene.t, scene.y, scene.x, scene.x <= scene.y ? "YXC" : "YCX");
    const std::int64_t channels = scene.c * scene.samples;
    if (channel >= channels)
        return fmt::format("has {}{}, so there is no --channel {} (they count from 0)",
                           count_of(static_cast<std::uint64_t>(channels), "channel"),
                           scene.samples > 1 ? " (RGB samples)" : "", channel);
    const std::int64_t missing = std::ssize(scene.missing_frames);
    if (!options.keep_missing && missing > many_missing &&
        missing > missing_for_each * (scene.t - missing))
        return fmt::format(
            "announces {} but holds only {} of them; --keep-missing writes an empty plane for "
            "each of the others",
            count_of(static_cast<std::uint64_t>(scene.t), "frame"), scene.t - missing);
    return {};
}

}  // namespace

std::vector<PlanItem> Catalogue::items(const std::vector<Job>& of) const {
    std::vector<PlanItem> out;
    out.reserve(of.size());
    for (const Job& job : of) {
        const SceneInfo& s = scene(job);
        out.push_back(
            {job.file, job.scene, s.t, static_cast<double>(s.y) * static_cast<double>(s.x)});
    }
    return out;
}

const SceneInfo& Catalogue::scene(const Job& job) const {
    return files.at(static_cast<std::size_t>(job.file))
        .scenes.at(static_cast<std::size_t>(job.scene));
}

std::int64_t missing_frames(const Catalogue& catalogue) {
    std::int64_t out = 0;
    for (const Job& job : catalogue.jobs) out += std::ssize(catalogue.scene(job).missing_frames);
    return out;
}

PlaneId plane_of(const SceneInfo& scene, std::int64_t scene_number, std::int64_t t,
                 std::int64_t channel) {
    return {scene_number, t, channel / scene.samples, 0, channel % scene.samples};
}

Catalogue make_catalogue(const std::vector<fs::path>& files, const RunOptions& options) {
    Catalogue out;
    SetParts sets;
    for (const fs::path& path : files) {
        give_sign_of_life();
        if (sets.holds(path)) continue;
        try {
            out.files.push_back(open_reader(path, reader_options(options, path))->info());
            sets.opened(out.files.back());
        } catch (const Error& error) {
            out.bad.push_back({path, error.what(), -1, {}});
        }
    }
    sets.leave_one_of_each(out.files);
    out.notes = sets.notes();
    for (std::size_t number = 0; number < out.files.size(); ++number) {
        give_sign_of_life();
        const FileInfo& info = out.files[number];
        const fs::path& path = info.path;
        for (const std::string& warning : info.warnings)
            out.notes.push_back(fmt::format("{}: {}", show(path), warning));
        for (std::size_t s = 0; s < info.scenes.size(); ++s) {
            const SceneInfo& scene = info.scenes[s];
            const std::string which =
                info.scenes.size() > 1 ? fmt::format(" (scene {})", s + 1) : std::string();
            const std::int64_t part = info.scenes.size() > 1 ? static_cast<std::int64_t>(s) : -1;
            const Job job{static_cast<std::int64_t>(number), static_cast<std::int64_t>(s),
                          output_stem(path, options, part)};
            std::string reason = why_not(scene, options);
            if (reason.empty()) reason = too_long(job, options);
            if (!reason.empty()) {
                out.bad.push_back(
                    {path, fmt::format("{}{} {}", show(path), which, reason), part, {}});
                continue;
            }
            if (scene.samples > 1)
                out.notes.push_back(fmt::format(
                    "{}{} {}: --channel {} takes sample {} of {}", show(path), which,
                    scene.samples == 3 || scene.samples == 4 ? "is an RGB image"
                                                             : "has several samples per pixel",
                    options.channel, options.channel % scene.samples, scene.samples));
            out.jobs.push_back(job);
        }
    }
    return out;
}

}  // namespace cytofleet
