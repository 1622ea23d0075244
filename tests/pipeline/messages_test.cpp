// What ranks say to each other comes through as it was said, and what is cut short or lies is an
// error, never a crash or a flood of memory.
#include "pipeline/messages.hpp"

#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "base/byte_writer.hpp"
#include "base/error.hpp"
#include "pipeline/assemble.hpp"
#include "pipeline/gather.hpp"
#include "pipeline/run_record.hpp"
#include "support/numbers.hpp"

namespace cytofleet {
namespace {

using Bytes = std::vector<std::byte>;

/// Every shorter beginning of a message is refused.
template <typename Read>
void expect_cut_short_is_refused(const Bytes& whole, Read read) {
    ASSERT_NO_THROW(read(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(read(part), Error) << length << " of " << whole.size() << " bytes";
    }
}

/// Numbers of eight bytes made huge wherever they may stand: an error or another message, but
/// nothing else.
template <typename Read>
int count_refused_when_spoilt(const Bytes& whole, Read read) {
    int refused = 0;
    for (std::size_t at = 0; at + 8 <= whole.size(); ++at)
        for (const std::uint64_t number :
             {std::uint64_t{0x7fff'ffff'ffff'ffff}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
            Bytes spoilt = whole;
            std::memcpy(spoilt.data() + at, &number, sizeof(number));
            try {
                read(spoilt);
            } catch (const Error&) {
                ++refused;
            } catch (const InternalError&) {
                ++refused;
            }
        }
    return refused;
}

FrameRecord some_record(std::int64_t t) {
    FrameRecord out;
    out.frame = {2, 1, t};
    out.rank = 3;
    out.spool = 4;
    out.offset = 55;
    out.length = 66;
    out.checksum = 77;
    out.cells = 8;
    out.largest = 9;
    out.times = {0.5, 1, 1.5, 2};
    out.notes = {"a note", ""};
    return out;
}

Assembly some_assembly() {
    Assembly out;
    out.outcome.job.file = 2;
    out.outcome.job.scene = 1;
    out.outcome.job.stem = "/out/movie \xff_vSM";
    out.outcome.cells = std::uint64_t{1} << 40;
    out.outcome.frames = 7;
    out.outcome.failed_frames = 3;
    out.outcome.failure = "no disk";
    out.outcome.hopeless = true;
    out.lost = {0, 5};
    out.records = {some_record(0), some_record(5)};
    return out;
}

RunRecord some_run() {
    RunRecord out;
    out.id = "0123";
    out.attempt = "now";
    out.number = 4;
    out.start = 1700000000;
    out.folder = "/out/.cytofleet/0123";
    out.files = {"/in/a.tif", "/in/b\n.tif"};
    out.inputs = {"aa", "bb"};
    out.jobs = {{0, 0, "/out/a_vSM", true}, {1, 2, "/out/b_vSM", false}};
    out.items = {{0, 0, 5, 64.0}, {1, 2, 9, 0.5}};
    out.standing = {1, 2, 3, std::uint64_t{1} << 60, 5};
    out.owners = {true, 4002};
    out.collects = true;
    out.spools = {"now-0.spool", "before-0.spool"};
    return out;
}

Gather some_gather() {
    Gather out;
    out.ranks = {0, 2};
    out.path = "/out/a_vSM.h5";
    out.event.scene = {"aa", 0};
    out.event.path = "a_vSM.h5";
    out.event.frames = 2;
    out.event.empty = {1};
    GatherScene scene;
    scene.content.group = "a";
    scene.content.input.t = 2;
    scene.content.input.y = scene.content.input.x = 8;
    scene.content.input.pixel_size.x = 0.65;
    scene.content.input.frame_times = {0, 7.5};
    scene.content.wide = true;
    scene.content.provenance = {{"program", "cytofleet"}, {"log", "a\nb"}};
    scene.content.planes = {{PlaneState::done, ""}, {PlaneState::quarantined, "broke"}};
    scene.records = {some_record(0), some_record(1)};
    out.scenes = {scene};
    out.replaces = true;
    return out;
}

TEST(Messages, AUnitComesBackAsItWas) {
    const Unit unit{3, 1, 40, 7};
    EXPECT_EQ(unit_from_bytes(to_bytes(unit)), unit);
    expect_cut_short_is_refused(to_bytes(unit), unit_from_bytes);
}

TEST(Messages, AUnitOfFramesThatCannotBeIsRefused) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    for (const Unit& unit :
         {Unit{-1, 0, 0, 1}, Unit{0, -1, 0, 1}, Unit{0, 0, -1, 1}, Unit{0, 0, 0, 0},
          Unit{0, 0, 0, -5}, Unit{0, 0, 0, most}, Unit{0, 0, most, 1}, Unit{0, 0, most, most}})
        EXPECT_THROW(unit_from_bytes(to_bytes(unit)), Error) << unit.first << " " << unit.count;
    Bytes longer = to_bytes(Unit{0, 0, 0, 1});
    longer.push_back(std::byte{0});
    EXPECT_THROW(unit_from_bytes(longer), Error);
}

TEST(Messages, NumbersAndTextsComeBackAsTheyWere) {
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{85},
                                      std::numeric_limits<std::int64_t>::min()})
        EXPECT_EQ(number_from_bytes(number_to_bytes(number)), number);
    expect_cut_short_is_refused(number_to_bytes(85), number_from_bytes);
    Bytes longer = number_to_bytes(1);
    longer.push_back(std::byte{0});
    EXPECT_THROW(number_from_bytes(longer), Error);
    for (const std::string& text : {std::string(), std::string("a\0b", 3), std::string(70000, 'x')})
        EXPECT_EQ(text_from_bytes(text_to_bytes(text)), text);
}

TEST(Messages, FrameRecordsComeBackAsTheyWere) {
    const std::vector<FrameRecord> records{some_record(0), some_record(11)};
    EXPECT_EQ(records_from_bytes(to_bytes(records)), records);
    EXPECT_TRUE(records_from_bytes(to_bytes(std::vector<FrameRecord>())).empty());
    expect_cut_short_is_refused(to_bytes(records), records_from_bytes);
    EXPECT_GT(count_refused_when_spoilt(to_bytes(records), records_from_bytes), 0);
}

TEST(Messages, FrameRecordsOfFramesOrSpoolsThatCannotBeAreRefused) {
    const auto refused = [](auto change) {
        std::vector<FrameRecord> records{some_record(0)};
        change(records[0]);
        EXPECT_THROW(records_from_bytes(to_bytes(records)), Error);
    };
    refused([](FrameRecord& record) { record.frame.file = -1; });
    refused([](FrameRecord& record) { record.frame.scene = -1; });
    refused([](FrameRecord& record) { record.frame.t = -1; });
    refused([](FrameRecord& record) { record.spool = -1; });
    refused([](FrameRecord& record) { record.state = static_cast<FrameState>(9); });
}

TEST(Messages, ACountOfRecordsThatLiesTakesNoMemory) {
    ByteWriter out;
    out.write(~std::uint64_t{0});
    EXPECT_THROW(records_from_bytes(out.take()), Error);
}

TEST(Messages, AnAssemblyComesBackAsItWas) {
    const Assembly before = some_assembly();
    const Assembly after = assembly_from_bytes(to_bytes(before));
    EXPECT_EQ(after.outcome.job.file, 2);
    EXPECT_EQ(after.outcome.job.scene, 1);
    EXPECT_EQ(after.outcome.job.stem, before.outcome.job.stem);
    EXPECT_EQ(after.outcome.cells, before.outcome.cells);
    EXPECT_EQ(after.outcome.frames, 7);
    EXPECT_EQ(after.outcome.failed_frames, 3);
    EXPECT_EQ(after.outcome.failure, "no disk");
    EXPECT_TRUE(after.outcome.hopeless);
    EXPECT_FALSE(after.abandoned);
    EXPECT_EQ(after.lost, before.lost);
    EXPECT_EQ(after.records, before.records);
    expect_cut_short_is_refused(to_bytes(before), assembly_from_bytes);
    EXPECT_GT(count_refused_when_spoilt(to_bytes(before), assembly_from_bytes), 0);
}

TEST(Messages, ARunRecordComesBackAsItWas) {
    const RunRecord before = some_run();
    const RunRecord after = run_record_from_bytes(to_bytes(before));
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.attempt, before.attempt);
    EXPECT_EQ(after.number, 4);
    EXPECT_EQ(after.start, before.start);
    EXPECT_EQ(after.folder, before.folder);
    EXPECT_EQ(after.files, before.files);
    EXPECT_EQ(after.inputs, before.inputs);
    EXPECT_EQ(after.spools, before.spools);
    ASSERT_EQ(after.jobs.size(), 2U);
    EXPECT_TRUE(after.jobs[0].replaces);
    EXPECT_FALSE(after.jobs[1].replaces);
    EXPECT_EQ(after.jobs[1].scene, 2);
    EXPECT_EQ(after.jobs[1].stem, before.jobs[1].stem);
    ASSERT_EQ(after.items.size(), 2U);
    EXPECT_EQ(after.items[1].file, 1);
    EXPECT_EQ(after.items[1].scene, 2);
    EXPECT_EQ(after.items[1].frames, 9);
    EXPECT_EQ(after.items[1].frame_cost, 0.5);
    EXPECT_EQ(after.standing.outputs, 1);
    EXPECT_EQ(after.standing.frames, 2);
    EXPECT_EQ(after.standing.empty_frames, 3);
    EXPECT_EQ(after.standing.cells, std::uint64_t{1} << 60);
    EXPECT_EQ(after.standing.bad_files, 5);
    EXPECT_TRUE(after.owners.everybody);
    EXPECT_EQ(after.owners.self, 4002U);
    EXPECT_TRUE(after.collects);
    EXPECT_FALSE(after.replaces_collection);
    expect_cut_short_is_refused(to_bytes(before), run_record_from_bytes);
    EXPECT_GT(count_refused_when_spoilt(to_bytes(before), run_record_from_bytes), 0);
}

TEST(Messages, AGatherComesBackAsItWas) {
    const Gather after = gather_from_bytes(to_bytes(some_gather()));
    EXPECT_EQ(after.ranks, (std::vector<int>{0, 2}));
    EXPECT_EQ(after.path, "/out/a_vSM.h5");
    EXPECT_EQ(after.event, some_gather().event);
    EXPECT_TRUE(after.replaces);
    ASSERT_EQ(after.scenes.size(), 1U);
    const Hdf5Scene& content = after.scenes[0].content;
    EXPECT_EQ(content.group, "a");
    EXPECT_EQ(content.input.t, 2);
    EXPECT_EQ(content.input.pixel_size.x, 0.65);
    EXPECT_EQ(content.input.frame_times, (std::vector<double>{0, 7.5}));
    EXPECT_EQ(content.input.pixel_size.y, std::nullopt);
    EXPECT_TRUE(content.wide);
    EXPECT_EQ(content.provenance, some_gather().scenes[0].content.provenance);
    ASSERT_EQ(content.planes.size(), 2U);
    EXPECT_EQ(content.planes[1].state, PlaneState::quarantined);
    EXPECT_EQ(content.planes[1].reason, "broke");
    EXPECT_EQ(after.scenes[0].records, some_gather().scenes[0].records);
    expect_cut_short_is_refused(to_bytes(some_gather()), gather_from_bytes);
    EXPECT_GT(count_refused_when_spoilt(to_bytes(some_gather()), gather_from_bytes), 0);
}

TEST(Messages, NoiseIsRefusedByAll) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        Bytes noise;
        for (const float value : test::random_floats(seed, seed, 127))
            noise.push_back(static_cast<std::byte>(static_cast<int>(value) + 128));
        const std::span<const std::byte> bytes = noise;
        EXPECT_THROW(unit_from_bytes(bytes), Error);
        EXPECT_THROW(records_from_bytes(bytes), Error);
        EXPECT_THROW(assembly_from_bytes(bytes), Error);
        EXPECT_THROW(run_record_from_bytes(bytes), Error);
        EXPECT_THROW(gather_from_bytes(bytes), Error);
    }
}

}  // namespace
}  // namespace cytofleet
