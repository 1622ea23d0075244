// Whatever happens to the bytes of journals and spools, no frame gets another frame's plane.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "schedule/events.hpp"
#include "schedule/history.hpp"
#include "schedule/journal.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

using Key = std::pair<SceneName, std::int64_t>;

/// A journal of two scenes of 8 frames, and what each frame's record was.
std::string some_journal(std::map<Key, FrameEvent>& written, std::uint64_t& end) {
    std::string text = line_of(test::attempt("a")) + "\n";
    for (std::int64_t t = 0; t < 8; ++t)
        for (const std::string input : {"aa", "bb"}) {
            const SceneName scene{input, 0};
            const FrameEvent frame = test::frame(scene, t, end, 20 + static_cast<unsigned>(t));
            end += frame.length;
            written[{scene, t}] = frame;
            text += line_of(BeginEvent{scene, {t}}) + "\n" + line_of(frame) + "\n";
        }
    return text + line_of(EndEvent{0}) + "\n";
}

void damage(std::mt19937& random, std::string& text) {
    switch (random() % 4) {
        case 0:
            text.resize(random() % text.size());
            return;
        case 1:
            text.erase(random() % text.size(), 1 + random() % 300);
            return;
        case 2:
            text.insert(random() % text.size(), text.substr(random() % text.size(), 200));
            return;
        default:
            text[random() % text.size()] = static_cast<char>(random() & 0xff);
    }
}

TEST(HistoryDamage, NoFrameEverGetsAnothersPlane) {
    std::map<Key, FrameEvent> written;
    std::uint64_t end = 0;
    const std::string journal = some_journal(written, end);
    const test::TempDir folder;
    std::mt19937 random(11);
    std::size_t kept = 0;
    for (int round = 0; round < 500; ++round) {
        std::string text = journal;
        std::string spool(end, 's');
        if (round % 5 == 0)
            damage(random, spool);
        else
            damage(random, text);
        test::write_file(folder / "a-0.journal", text);
        test::write_file(folder / "a-0.spool", spool);
        RunHistory history;
        ASSERT_NO_THROW(history = read_history(folder.path())) << round;
        for (const auto& [scene, known] : history.scenes)
            for (const auto& [t, frame] : known.frames) {
                if (frame.spool < 0) continue;
                ASSERT_TRUE(written.contains({scene, t})) << round;
                const FrameEvent& was = written.at({scene, t});
                ASSERT_EQ(history.spools.at(static_cast<std::size_t>(frame.spool)), "a-0.spool");
                ASSERT_EQ(frame.done.t, was.t);
                ASSERT_EQ(frame.done.offset, was.offset);
                ASSERT_EQ(frame.done.length, was.length);
                ASSERT_EQ(frame.done.checksum, was.checksum);
                ASSERT_EQ(frame.done.cells, was.cells);
                ASSERT_LE(was.offset + was.length, spool.size());
                ++kept;
            }
    }
    // Most damage costs a frame or two, not all.
    EXPECT_GT(kept, 500U * written.size() / 2);
}

}  // namespace
}  // namespace cytofleet
