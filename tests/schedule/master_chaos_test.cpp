// Anything in any order: asks, results, failures, silence and return. Every frame ends once.
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "schedule/frames.hpp"
#include "schedule/makespan.hpp"
#include "schedule/master.hpp"

namespace cytofleet {
namespace {

using test::failure;
using test::record;

/// Ranks that do whatever they like with the units they were given.
class Chaos {
  public:
    explicit Chaos(unsigned seed)
        : random_(seed),
          ranks_(2 + static_cast<int>(random_() % 6)),
          items_(test::random_items(random_, 1 + random_() % 6)) {
        std::vector<FrameId> careful;
        std::vector<FrameRecord> before;
        const Plan plan =
            what_is_needed(make_plan(items_, Partition::automatic, ranks_), [&](const FrameId& f) {
                const auto kind = random_() % 10;
                if (kind == 0) before.push_back(record(f.file, f.scene, f.t));
                if (kind == 1) careful.push_back(f);
                return kind < 2 ? FrameNeed::none : FrameNeed::any;
            });
        master_.emplace(items_, plan, MasterTuning{ranks_, 2, random_() % 4 != 0, {}}, careful);
        for (const FrameRecord& known : before) final_.insert(known.frame);
        take(master_->resume(before));
        hands_.resize(static_cast<std::size_t>(ranks_));
        silent_.resize(hands_.size());
    }

    void step() {
        now_ += static_cast<double>(random_() % 1000) / 500;
        const int rank = static_cast<int>(random_() % static_cast<unsigned>(ranks_));
        const auto number = static_cast<std::size_t>(rank);
        const auto what = random_() % 100;
        if (what == 0) {
            silent_[number] = !silent_[number];
            master_->set_silent(rank, silent_[number]);
        } else if (what < 30) {
            ask(rank);
        } else if (!hands_[number].empty()) {
            work(rank, what < 35);
        }
    }

    /// One rank alone goes on; the others are silent for ever. True when all is done in time.
    bool finish() {
        for (int rank = 1; rank < ranks_; ++rank) master_->set_silent(rank, true);
        master_->set_silent(0, false);
        // Each round ends a frame or waits a second; no frame is waited for longer than a lease.
        for (std::int64_t left = 60 * master_->frames_total() + 1000; left > 0; --left) {
            if (master_->all_done()) return true;
            now_ += 1;
            if (hands_[0].empty()) ask(0);
            if (!hands_[0].empty()) work(0, false);
        }
        return master_->all_done();
    }

    void expect_all_in() {
        EXPECT_EQ(master_->frames_done(), master_->frames_total());
        EXPECT_EQ(std::ssize(final_), master_->frames_total());
        EXPECT_EQ(complete_.size(), items_.size());
        EXPECT_FALSE(master_->next(0, now_ + 100));
    }

  private:
    void ask(int rank) {
        const auto grant = master_->next(rank, now_);
        if (!grant) return;
        ASSERT_GT(grant->unit.count, 0);
        ASSERT_NE(grant->revoked_from, rank);
        const Unit& unit = grant->unit;
        auto& hand = hands_[static_cast<std::size_t>(rank)];
        for (std::int64_t t = unit.first; t < unit.first + unit.count; ++t)
            hand.push_back({unit.file, unit.scene, t});
    }

    void work(int rank, bool fails) {
        auto& hand = hands_[static_cast<std::size_t>(rank)];
        const FrameId frame = hand.front();
        hand.pop_front();
        const FrameRecord result =
            fails ? failure(frame) : record(frame.file, frame.scene, frame.t);
        for (auto times = 1 + random_() % 2; times > 0; --times) {  // some say it twice
            const Taken taken = master_->done(rank, {result}, now_);
            for (const FrameRecord& fresh : taken.fresh)
                EXPECT_TRUE(final_.insert(fresh.frame).second);
            take(taken.complete);
        }
    }

    void take(const std::vector<std::pair<std::int64_t, std::int64_t>>& scenes) {
        for (const auto& scene : scenes) {
            EXPECT_TRUE(complete_.insert(scene).second);
            const auto records = master_->take_records(scene.first, scene.second);
            for (std::size_t t = 0; t < records.size(); ++t)
                EXPECT_EQ(records[t].frame,
                          (FrameId{scene.first, scene.second, static_cast<std::int64_t>(t)}));
        }
    }

    std::mt19937 random_;
    int ranks_;
    std::vector<PlanItem> items_;
    std::optional<Master> master_;
    std::vector<std::deque<FrameId>> hands_;
    std::vector<bool> silent_;
    std::set<FrameId> final_;
    std::set<std::pair<std::int64_t, std::int64_t>> complete_;
    double now_ = 0;
};

TEST(MasterChaos, EveryFrameEndsOnceAndNobodyWaitsForEver) {
    for (unsigned seed = 0; seed < 400; ++seed) {
        Chaos chaos(seed);
        for (unsigned step = 0; step < seed * 5; ++step) chaos.step();
        ASSERT_TRUE(chaos.finish()) << "seed " << seed;
        chaos.expect_all_in();
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace cytofleet
