#include "app/summary.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/peak_memory.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

constexpr std::size_t most_ranks_listed = 16;

std::string stages(const FrameTimes& times) {
    return fmt::format("read {:.1f}, prepare {:.1f}, network {:.1f}, masks {:.1f} s", times.read,
                       times.prepare, times.network, times.masks);
}

/// Where the time went, over all ranks and by rank. Balance: the mean of the ranks' work by the
/// most of one; 100 % when all had the same.
void report_ranks(const std::vector<RankTally>& ranks, double seconds, Log& log) {
    FrameTimes all;
    double most = 0;
    std::int64_t frames = 0;
    for (const RankTally& rank : ranks) {
        all.read += rank.times.read;
        all.prepare += rank.times.prepare;
        all.network += rank.times.network;
        all.masks += rank.times.masks;
        frames += rank.frames;
        most = std::max(most, rank.times.total());
    }
    if (frames == 0) return;
    log.info(fmt::format("time: {}; {:.2f} frames/s", stages(all),
                         static_cast<double>(frames) / seconds));
    if (ranks.size() < 2) return;
    log.info(fmt::format("balance of {} ranks: {:.0f} %", ranks.size(),
                         100 * all.total() / (most * static_cast<double>(ranks.size()))));
    for (std::size_t rank = 0; rank < std::min(ranks.size(), most_ranks_listed); ++rank)
        log.info(fmt::format("rank {}: {}, {}, {}", rank,
                             count_of(static_cast<std::uint64_t>(ranks[rank].frames), "frame"),
                             count_of(static_cast<std::uint64_t>(ranks[rank].outputs), "output"),
                             stages(ranks[rank].times)));
}

}  // namespace

void report(const RunSummary& summary, Log& log) {
    std::size_t written = 0;
    for (const Outcome& outcome : summary.outcomes) written += outcome.failure.empty() ? 1 : 0;
    const auto files = summary.outcomes.size() + static_cast<std::size_t>(summary.bad_files);
    report_ranks(summary.ranks, summary.seconds, log);
    if (!summary.stopped.empty()) {
        std::int64_t frames = 0;
        for (const RankTally& rank : summary.ranks) frames += rank.frames;
        log.warning(fmt::format(
            "stopped: {}; {} done in {:.1f} s; the same command goes on from here", summary.stopped,
            count_of(static_cast<std::uint64_t>(frames), "frame"), summary.seconds));
        return;
    }
    if (summary.ranks.empty()) {
        log.info(fmt::format("nothing is left to do: {} with {} in {}",
                             count_of(static_cast<std::uint64_t>(summary.frames), "frame"),
                             count_of(summary.cells, "cell"), count_of(written, "mask")));
    } else
        log.info(fmt::format("{} with {} in {}: {} written, {:.1f} s, peak memory {}",
                             count_of(static_cast<std::uint64_t>(summary.frames), "frame"),
                             count_of(summary.cells, "cell"), count_of(files, "file"),
                             count_of(written, "mask"), summary.seconds,
                             human_bytes(peak_memory())));
    if (summary.failed_frames > 0)
        log.warning(
            fmt::format("{} quarantined: left empty, and named in the logs and above; "
                        "--retry-quarantined tries "
                        "again",
                        count_of(static_cast<std::uint64_t>(summary.failed_frames), "frame")));
    if (const std::size_t without = files - written; without > 0)
        log.warning(fmt::format("{} without a mask, see above", count_of(without, "file")));
    if (summary.unfinished > 0)
        log.info(fmt::format("{} for frames of other shards; whoever does the last one writes them",
                             summary.unfinished == 1
                                 ? "1 output waits"
                                 : fmt::format("{} outputs wait", summary.unfinished)));
    if (!summary.lost.empty())
        log.error(fmt::format("all is done, but rank {} of {} did not answer any more",
                              fmt::join(summary.lost, ", "), summary.ranks.size()));
}

}  // namespace cytofleet
