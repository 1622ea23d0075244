#include "pipeline/shard_end.hpp"

#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "pipeline/gather.hpp"
#include "pipeline/resume.hpp"

namespace cytofleet {

void finish_shard(const RankContext& context, RunRecord& run, RunReport& report) {
    if (!report.stopped.empty()) return;
    const RunHistory history = read_history(run.folder, {}, run.owners);
    Remaining left = what_is_left(run, history, context.options);
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<FrameRecord>> scenes;
    for (FrameRecord& record : left.records)
        scenes[{record.frame.file, record.frame.scene}].push_back(std::move(record));
    std::int64_t unfinished = 0;
    for (std::size_t i = 0, at = 0; i < run.jobs.size() && at < left.jobs.size(); ++i) {
        const Job& job = run.jobs[i];
        if (job.file != left.jobs[at].file || job.scene != left.jobs[at].scene) continue;
        ++at;
        auto& records = scenes[{job.file, job.scene}];
        if (std::ssize(records) < run.items[i].frames) {
            ++unfinished;
            continue;
        }
        Assembly done = assemble(context.options, run, context.model, context.facts, job, records,
                                 context.journal);
        if (!done.lost.empty())
            done.outcome.failure =
                fmt::format("{}: {} cannot be read back from {}; start this process again",
                            show(run.files.at(static_cast<std::size_t>(job.file))),
                            count_of(done.lost.size(), "frame"), show(run.folder));
        if (context.options.format != OutputFormat::tiff && done.outcome.failure.empty() &&
            done.lost.empty()) {
            Gather gather = make_gather(context, job, std::move(records));
            gather.ranks = {context.comm.rank()};
            done.outcome.failure = gather_planes(context, gather_from_bytes(to_bytes(gather)));
        }
        if (!done.outcome.failure.empty()) {
            context.log.error(done.outcome.failure);
            report.exit_code = exit_codes::partly_done;
        }
        if (done.outcome.failed_frames > 0) report.exit_code = exit_codes::partly_done;
        report.outcomes.push_back(std::move(done.outcome));
    }
    report.unfinished = unfinished;
}

}  // namespace cytofleet
