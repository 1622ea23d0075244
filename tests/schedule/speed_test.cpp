// How many units a second the master hands out to 64 ranks of a thread team whose frames take no
// time, and what a frame costs the journal: printed, and far better than what is asked for.
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/timer.hpp"
#include "comm/communicator.hpp"
#include "schedule/events.hpp"
#include "schedule/frames.hpp"
#include "schedule/journal.hpp"
#include "schedule/master.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

enum Tag { ask = 1, done, unit, over };

std::vector<std::byte> to_bytes(const Unit& unit) {
    ByteWriter out;
    for (const std::int64_t number : {unit.file, unit.scene, unit.first, unit.count})
        out.write(number);
    return out.take();
}

Unit unit_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "unit");
    Unit out;
    for (std::int64_t* number : {&out.file, &out.scene, &out.first, &out.count})
        *number = in.read<std::int64_t>();
    return out;
}

/// Until all others were told that it is over; returns requests a second.
double lead(Communicator& comm, Master& master) {
    const Timer timer;
    std::int64_t requests = 0;
    for (int left = comm.size() - 1; left > 0;) {
        const auto message = comm.poll();
        if (!message) {
            std::this_thread::yield();
        } else if (message->tag == done) {
            const auto taken =
                master.done(message->from, records_from_bytes(message->body), timer.seconds());
            for (const auto& [file, scene] : taken.complete) master.take_records(file, scene);
        } else if (const auto grant = master.next(message->from, timer.seconds())) {
            ++requests;
            comm.send(message->from, unit, to_bytes(grant->unit));
        } else {
            ++requests;
            comm.send(message->from, over, {});
            --left;
        }
    }
    return static_cast<double>(requests) / timer.seconds();
}

void follow(Communicator& comm) {
    comm.send(0, ask, {});
    while (true) {
        const auto message = comm.poll();
        if (!message) {
            std::this_thread::yield();
        } else if (message->tag == over) {
            return;
        } else {
            comm.send(0, done, to_bytes(test::records_of(unit_from_bytes(message->body))));
            comm.send(0, ask, {});
        }
    }
}

TEST(Speed, ATeamOf64RanksIsServedTwentyThousandUnitsASecond) {
    constexpr std::int64_t files = 1000;
    std::vector<PlanItem> items;
    Plan plan;
    for (std::int64_t file = 0; file < files; ++file) {
        items.push_back({file, 0, 100, 1.0});
        for (std::int64_t t = 0; t < 100; ++t) plan.units.push_back({file, 0, t, 1});
    }
    plan.frames = files * 100;
    Master master(items, std::move(plan), {64, 2, false, {}});
    double rate = 0;
    run_thread_team(64, [&](Communicator& comm) {
        if (comm.rank() == 0)
            rate = lead(comm, master);
        else
            follow(comm);
    });
    EXPECT_TRUE(master.all_done());
    EXPECT_GT(rate, 20'000);
    std::printf("%.0f unit requests a second\n", rate);
}

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Frames in groups, each begun, written and forced to the disk as the scribe does it. CPU seconds
/// a frame.
double journal_cost(const std::filesystem::path& folder, int group, int groups) {
    Journal journal(folder, test::attempt("group-" + std::to_string(group)));
    const SceneName scene{"0123456789abcdef", 0};
    std::int64_t t = 0;
    double adding = 0;
    const Timer timer;
    for (int i = 0; i < groups; ++i) {
        const double before = cpu_seconds();
        BeginEvent begin{scene, {}};
        for (int k = 0; k < group; ++k) begin.frames.push_back(t + k);
        journal.add(begin);
        for (int k = 0; k < group; ++k, ++t)
            journal.add(test::frame(scene, t, 20'000 * static_cast<std::uint64_t>(t), 20'000));
        adding += cpu_seconds() - before;
        journal.sync();
    }
    const double frames = group * groups;
    std::printf("journal, groups of %2d: %.4f ms a frame of CPU, %.4f ms with fdatasync\n", group,
                1e3 * adding / frames, 1e3 * timer.seconds() / frames);
    return adding / frames;
}

TEST(Speed, AFrameCostsTheJournalLessThanAMillisecond) {
    const test::TempDir folder;
    for (const int group : {1, 16}) EXPECT_LT(journal_cost(folder.path(), group, 300), 1e-3);
}

}  // namespace
}  // namespace cytofleet
