#include "pipeline/assembler.hpp"

#include <utility>

namespace cytofleet {

Assembler::Assembler(const RunOptions& options, const RunRecord& run, const LoadedModel& model,
                     const RunFacts& facts, Journal& journal)
    : options_(options), run_(run), model_(model), facts_(facts), journal_(journal) {
    thread_ = std::thread([this] {
        try {
            work();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            broken_ = std::current_exception();
        }
    });
}

Assembler::~Assembler() {
    drop();
    given_.close();
    thread_.join();
}

void Assembler::give(std::vector<FrameRecord> records) {
    ++in_hand_;
    given_.push(std::move(records));
}

std::optional<Assembly> Assembler::take() {
    auto out = ended_.pop_within(std::chrono::microseconds{0});
    if (out) {
        --in_hand_;
        return out;
    }
    const std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
    return std::nullopt;
}

void Assembler::drop() {
    abandon_ = true;
    while (given_.pop_within(std::chrono::microseconds{0})) --in_hand_;
}

void Assembler::work() {
    while (auto records = given_.pop()) {
        const FrameId first = records->front().frame;
        Assembly done =
            assemble(options_, run_, model_, facts_, run_.job_of(first.file, first.scene), *records,
                     journal_, &abandon_);
        ended_.push(std::move(done));
    }
}

}  // namespace cytofleet
