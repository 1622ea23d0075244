#include "pipeline/memory_need.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/memory_limit.hpp"
#include "base/peak_memory.hpp"
#include "base/text.hpp"
#include "models/gpu.hpp"
#include "pipeline/worker.hpp"

namespace cytofleet {
namespace {

constexpr std::uint64_t label = 4;  // bytes
/// What comes up only when a run works: MPI's buffers, stacks of threads, code that oneDNN makes
/// for each convolution, journals. Open MPI has 15 to 20 MB of it.
constexpr std::uint64_t in_a_run = 24'000'000;
/// Along an axis; below 4 pixels nothing that Cellpose was trained on is left of a cell.
constexpr double very_much = 8;

std::uint64_t times(std::int64_t count, std::uint64_t bytes) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, count)) * bytes;
}

/// Frames on their way in and out beside the call they are not in.
std::uint64_t queued_bytes(const SceneInfo& scene, std::int64_t group, std::int64_t frames,
                           OutputFormat format) {
    const auto pixels = static_cast<std::uint64_t>(scene.y * scene.x);
    const std::uint64_t read = pixels * size_of(scene.type);
    // The page that is being read, as the file has it, and the groups of the worker.
    std::uint64_t out = read * static_cast<std::uint64_t>(scene.samples) +
                        times(std::min(frames, Worker::groups_at_once * group), read);
    // Labels that wait to be written while the next frames are computed.
    const std::int64_t waiting = Worker::labels_that_wait(scene.y * scene.x) + 1;
    out += times(std::min(frames - 1, waiting), pixels * label);
    // A plane is packed while the next one is computed, and for HDF5 unpacked again.
    if (frames > 1) out += pixels * (format == OutputFormat::tiff ? 1 : 1 + label + label / 2);
    return out;
}

}  // namespace

MemoryNeed memory_need(const Catalogue& catalogue, const std::vector<Job>& jobs,
                       const Segmenter& segmenter, OutputFormat format) {
    MemoryNeed out;
    std::int64_t frames = 0;
    for (const Job& job : jobs) frames += catalogue.scene(job).t;
    std::uint64_t most = 0;
    for (const Job& job : jobs) {
        const SceneInfo& scene = catalogue.scene(job);
        const std::int64_t group = Worker::group_size(scene, segmenter.pixels_per_call());
        const std::int64_t together = std::min(scene.t, group);
        most = std::max(most, segmenter.bytes_of_call(scene.y, scene.x, together) +
                                  queued_bytes(scene, group, frames, format));
        const std::int64_t on_gpu = Worker::group_size(scene, gpu_pixels_per_call);
        out.gpu = std::max(
            out.gpu, segmenter.gpu_bytes_of_call(scene.y, scene.x, std::min(scene.t, on_gpu)));
        const double enlarged = segmenter.enlargement(scene.y, scene.x);
        if (enlarged > out.enlargement) {
            out.enlargement = enlarged;
            out.height = scene.y;
            out.width = scene.x;
        }
    }
    // Of large blocks a twentieth goes to pages that are begun, and tables of pages.
    out.host = std::max(peak_memory(), resident_memory() + in_a_run + most + most / 20);
    return out;
}

std::vector<std::string> memory_warnings(const MemoryNeed& need, int ranks_here,
                                         std::uint64_t gpu_memory) {
    std::vector<std::string> out;
    const double factor = std::sqrt(need.enlargement);
    if (factor > very_much)
        out.push_back(fmt::format(
            "frames of {} x {} pixels are enlarged {:.0f} times along each axis for such small "
            "cells, to {:.3g} megapixels; check --diameter, which is in pixels",
            need.height, need.width, factor,
            static_cast<double>(need.height) * static_cast<double>(need.width) * need.enlargement /
                1e6));
    const MemoryLimit limit = memory_limit();
    const std::uint64_t ranks =
        limit.of_each ? 1 : static_cast<std::uint64_t>(std::max(1, ranks_here));
    if (limit.bytes != 0 && need.host * ranks > limit.bytes)
        out.push_back(fmt::format(
            "about {} of memory will be needed{}, but {} {}; frames that do not fit will fail. Ask "
            "for more, start fewer ranks per node, or use a smaller --batch-size or a larger "
            "--diameter",
            human_bytes(need.host * ranks),
            ranks > 1 ? fmt::format(" by {} ranks together", ranks) : std::string(), limit.whose,
            human_bytes(limit.bytes)));
    if (gpu_memory != 0 && need.gpu > gpu_memory)
        out.push_back(fmt::format(
            "about {} of GPU memory will be needed, but each rank has {}; batches are halved until "
            "they fit. Start one rank per GPU, or use a smaller --batch-size",
            human_bytes(need.gpu), human_bytes(gpu_memory)));
    return out;
}

}  // namespace cytofleet
