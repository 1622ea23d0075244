// What journals of earlier attempts say together.
#include "schedule/history.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "schedule/events.hpp"
#include "schedule/journal.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

using test::attempt;
using test::frame;

const SceneName scene{"aa", 0};

/// A run's folder, with journals and spools as text.
class Books : public testing::Test {
  protected:
    void journal(const std::string& name, const std::vector<JournalEvent>& events,
                 const std::string& torn = {}) {
        std::string text = line_of(attempt(name)) + "\n";
        for (const JournalEvent& event : events) text += line_of(event) + "\n";
        test::write_file(journal_path(folder.path(), name, 0), text + torn);
        test::write_file(mark_of(name), "");
    }
    /// What a process leaves behind that was killed.
    std::filesystem::path mark_of(const std::string& name) const {
        return folder / stop_mark_name(name, 0);
    }
    void spool(const std::string& name, std::size_t bytes) {
        test::write_file(folder / spool_name(name, 0), std::string(bytes, 's'));
    }
    FrameHistory of(std::int64_t t) {
        const RunHistory history = read_history(folder.path());
        const auto found = history.scenes.find(scene);
        if (found == history.scenes.end() || !found->second.frames.contains(t)) return {};
        return found->second.frames.at(t);
    }
    test::TempDir folder;
};

TEST_F(Books, OfNothingAreEmpty) {
    for (const auto& path : {folder.path(), folder / "gone"}) {
        const RunHistory history = read_history(path);
        EXPECT_TRUE(history.scenes.empty());
        EXPECT_TRUE(history.attempts.empty());
        EXPECT_TRUE(history.notes.empty());
        EXPECT_FALSE(history.someone_alive());
    }
}

TEST_F(Books, TellAllThatHappened) {
    const OutputEvent output{scene, "m.ome.tif", 5, "ff", 8, 2, 9, {}, 0};
    journal("a", {JobEvent{scene, "m.tif", "m", 2, 100}, BeginEvent{scene, {0, 1}},
                  frame(scene, 0, 0, 10), frame(scene, 1, 10, 5), output, EndEvent{85}});
    spool("a", 15);
    const RunHistory history = read_history(folder.path());
    EXPECT_TRUE(history.notes.empty());
    ASSERT_EQ(history.attempts.size(), 1U);
    EXPECT_EQ(history.attempts[0].start, attempt("a"));
    EXPECT_EQ(history.attempts[0].frames, 2);
    EXPECT_TRUE(history.attempts[0].ended);
    EXPECT_EQ(history.attempts[0].exit_code, 85);
    EXPECT_FALSE(history.attempts[0].alive);
    EXPECT_EQ(history.spools, std::vector<std::string>{"a-0.spool"});
    ASSERT_TRUE(history.scenes.contains(scene));
    const SceneHistory& known = history.scenes.at(scene);
    EXPECT_EQ(known.job.path, "m.tif");
    EXPECT_EQ(known.job.frames, 2);
    ASSERT_EQ(known.outputs.size(), 1U);
    EXPECT_EQ(known.outputs[0].sha256, "ff");
    ASSERT_EQ(known.frames.size(), 2U);
    EXPECT_EQ(known.frames.at(1).spool, 0);
    EXPECT_EQ(known.frames.at(1).done.offset, 10U);
    EXPECT_EQ(known.frames.at(1).done.checksum, frame(scene, 1, 10, 5).checksum);
    EXPECT_EQ(known.frames.at(1).deaths, 0);
}

TEST_F(Books, ATornLastLineIsNothingToTell) {
    const std::string line = line_of(frame(scene, 1, 10, 5));
    spool("a", 15);
    for (std::size_t length = 0; length < line.size(); ++length) {
        journal("a", {frame(scene, 0, 0, 10)}, line.substr(0, length));
        const RunHistory history = read_history(folder.path());
        EXPECT_TRUE(history.notes.empty());
        ASSERT_EQ(history.scenes.at(scene).frames.size(), 1U);
    }
    journal("a", {frame(scene, 0, 0, 10)}, line);  // but for its newline it is whole
    EXPECT_EQ(of(1).spool, 0);
}

TEST_F(Books, ADamagedLineInTheMiddleIsToldAndItsFrameIsNotDone) {
    journal("a", {frame(scene, 0, 0, 10), frame(scene, 1, 10, 5), frame(scene, 2, 0, 1)});
    spool("a", 15);
    std::string text = test::read_file(folder / "a-0.journal");
    text[text.find("\"t\":1") + 4] = '7';
    test::write_file(folder / "a-0.journal", text);
    const RunHistory history = read_history(folder.path());
    ASSERT_EQ(history.notes.size(), 1U);
    EXPECT_NE(history.notes[0].find("a-0.journal: 1 line damaged"), std::string::npos);
    EXPECT_EQ(of(0).spool, 0);
    EXPECT_EQ(of(1).spool, -1);
    EXPECT_EQ(of(2).spool, 0);
    EXPECT_EQ(of(7).spool, -1);
}

TEST_F(Books, ADamagedFirstLineLosesNoFrame) {
    journal("20240101-ab", {frame(scene, 0, 0, 10), BeginEvent{scene, {1}}});
    spool("20240101-ab", 10);
    std::string text = test::read_file(folder / "20240101-ab-0.journal");
    text[3] = '!';
    test::write_file(folder / "20240101-ab-0.journal", text);
    const RunHistory history = read_history(folder.path());
    EXPECT_EQ(history.notes.size(), 1U);
    ASSERT_EQ(history.attempts.size(), 1U);
    EXPECT_EQ(history.attempts[0].start.attempt, "20240101-ab");
    EXPECT_EQ(of(0).spool, 0);
    EXPECT_EQ(history.spools, std::vector<std::string>{"20240101-ab-0.spool"});
    EXPECT_EQ(of(1).deaths, 1);
}

TEST_F(Books, AJournalWithoutEvenAFirstLineIsAnAttemptAllTheSame) {
    test::write_file(folder / "a-12.journal", "");
    test::write_file(folder / "b-0.journal", line_of(attempt("b")).substr(0, 30));
    const RunHistory history = read_history(folder.path());
    EXPECT_TRUE(history.notes.empty());
    ASSERT_EQ(history.attempts.size(), 2U);
    EXPECT_EQ(history.attempts[0].start.rank, 12);
    EXPECT_EQ(history.spools, (std::vector<std::string>{"a-12.spool", "b-0.spool"}));
}

TEST_F(Books, AFrameWhosePlaneIsGoneIsNotDone) {
    journal("a", {frame(scene, 0, 0, 10), frame(scene, 1, 10, 5), frame(scene, 2, 15, 0)});
    spool("a", 14);
    EXPECT_EQ(of(0).spool, 0);
    EXPECT_EQ(of(1).spool, -1);
    EXPECT_EQ(of(2).spool, -1);
    std::filesystem::remove(folder / "a-0.spool");
    EXPECT_EQ(of(0).spool, -1);
    // An offset near the end of the numbers does not wrap around.
    spool("a", 14);
    journal("a",
            {frame(scene, 0, ~std::uint64_t{0} - 2, 10), frame(scene, 1, 3, ~std::uint64_t{0})});
    EXPECT_EQ(of(0).spool, -1);
    EXPECT_EQ(of(1).spool, -1);
    // What the input does not hold needs no plane.
    journal("a", {frame(scene, 5, 0, 0)});
    std::filesystem::remove(folder / "a-0.spool");
    EXPECT_EQ(of(5).spool, 0);
}

TEST_F(Books, DeathsAreThoseOfFramesInTheModel) {
    const std::vector<JournalEvent> events{BeginEvent{scene, {0, 1, 2}}, frame(scene, 0, 0, 1),
                                           FailedEvent{scene, 1, "bad", false}};
    spool("a", 1);
    spool("b", 1);
    journal("a", events);
    EXPECT_EQ(of(0).deaths, 0);
    EXPECT_EQ(of(1).deaths, 0);
    EXPECT_EQ(of(2).deaths, 1);
    EXPECT_EQ(of(1).failures, std::vector<std::string>{"bad"});
    journal("b", events);
    EXPECT_EQ(of(2).deaths, 2);
    auto ended = events;
    ended.push_back(EndEvent{85});
    journal("b", ended);
    EXPECT_EQ(of(2).deaths, 1);
    const Journal alive(folder.path(), attempt("c"));
    test::write_file(folder / "c-0.journal", test::read_file(folder / "a-0.journal"));
    EXPECT_EQ(of(2).deaths, 1);
}

TEST_F(Books, NobodyDiesWhoEndedByAnErrorOrWasAskedTo) {
    spool("a", 1);
    journal("a", {BeginEvent{scene, {0}}});
    EXPECT_EQ(of(0).deaths, 1);
    EXPECT_FALSE(read_history(folder.path()).attempts.at(0).asked);
    std::filesystem::remove(mark_of("a"));
    EXPECT_EQ(of(0).deaths, 0);
    const AttemptHistory attempt = read_history(folder.path()).attempts.at(0);
    EXPECT_TRUE(attempt.asked);
    EXPECT_FALSE(attempt.ended);
    // What is no such file does not blame a frame.
    std::filesystem::create_symlink("a-0.journal", mark_of("a"));
    EXPECT_EQ(of(0).deaths, 0);
}

TEST_F(Books, AJournalsMarkIsThereAsLongAsItsProcessWasNeitherEndedNorAskedTo) {
    const auto in_flight = [&](const std::string& name, bool ask, bool killed) {
        const pid_t child = fork();
        if (child == 0) {
            std::optional<Journal> journal(std::in_place, folder.path(), attempt(name));
            journal->add(BeginEvent{scene, {7}});
            if (ask) remove_stop_mark();
            if (!killed) journal.reset();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return std::filesystem::exists(mark_of(name));
    };
    EXPECT_TRUE(in_flight("a", false, true));
    EXPECT_EQ(of(7).deaths, 1);
    EXPECT_FALSE(in_flight("b", true, true));
    EXPECT_FALSE(in_flight("c", false, false));
    EXPECT_EQ(of(7).deaths, 1);
    remove_stop_mark();  // of nobody
}

TEST_F(Books, WhatIsForgivenCountsNoMore) {
    journal("a", {BeginEvent{scene, {0}}, FailedEvent{scene, 1, "bad", true}});
    EXPECT_EQ(of(0).deaths, 1);
    EXPECT_TRUE(of(1).quarantined);
    EXPECT_EQ(of(1).failures, std::vector<std::string>{"bad"});
    journal("b", {ForgiveEvent{{"a"}}, BeginEvent{scene, {2}}});
    EXPECT_EQ(of(0).deaths, 0);
    EXPECT_FALSE(of(1).quarantined);
    EXPECT_TRUE(of(1).failures.empty());
    EXPECT_EQ(of(2).deaths, 1);
}

TEST_F(Books, AFailureWithoutAReasonIsNoDeath) {
    journal("a", {FailedEvent{scene, 1, "", true}});
    EXPECT_EQ(of(1).deaths, 0);
    EXPECT_TRUE(of(1).quarantined);
    EXPECT_EQ(of(1).failures.size(), 1U);
}

TEST_F(Books, OfTwoThatDidTheSameFrameOneIsTaken) {
    for (const std::string name : {"a", "b"}) {
        journal(name, {frame(scene, 0, name == "a" ? 0 : 3, 10)});
        spool(name, 13);
    }
    const auto check = [&] {
        const FrameHistory found = of(0);
        ASSERT_GE(found.spool, 0);
        const std::string spool =
            read_history(folder.path()).spools.at(static_cast<std::size_t>(found.spool));
        EXPECT_EQ(found.done.offset, spool == "a-0.spool" ? 0U : 3U);
        EXPECT_TRUE(std::filesystem::exists(folder / spool));
    };
    check();
    spool("b", 5);
    check();
    spool("b", 13);
    spool("a", 5);
    check();
}

TEST_F(Books, SomeAttemptsCanBeLeftOut) {
    journal("a", {frame(scene, 0, 0, 1)});
    journal("ab", {frame(scene, 1, 0, 1)});
    const RunHistory history = read_history(folder.path(), "a");
    ASSERT_EQ(history.attempts.size(), 1U);
    EXPECT_EQ(history.attempts[0].start.attempt, "ab");
}

TEST_F(Books, AJournalThatCannotBeReadBlocksNobody) {
    journal("a", {frame(scene, 0, 0, 1)});
    spool("a", 1);
    std::filesystem::create_directory(folder / "b-0.journal");
    ASSERT_EQ(mkfifo((folder / "c-0.journal").c_str(), 0666), 0);
    std::filesystem::create_symlink("/dev/zero", folder / "d-0.journal");
    std::filesystem::create_symlink("e-0.journal", folder / "e-0.journal");
    std::filesystem::create_symlink("a-0.journal", folder / "f-0.journal");
    std::filesystem::copy_file(folder / "a-0.journal", folder / "g-0.journal");
    ASSERT_EQ(::truncate((folder / "g-0.journal").c_str(), off_t{1} << 32), 0);
    const RunHistory history = read_history(folder.path());
    ASSERT_EQ(history.attempts.size(), 1U);
    EXPECT_EQ(of(0).spool, 0);
    ASSERT_EQ(history.notes.size(), 6U);
    for (const char name : {'b', 'c', 'd', 'e', 'f', 'g'})
        EXPECT_NE(history.notes[static_cast<std::size_t>(name - 'b')].find(std::string(1, name) +
                                                                           "-0.journal: is "),
                  std::string::npos)
            << name;
    if (geteuid() == 0) return;  // may read everything
    std::filesystem::permissions(folder / "a-0.journal", std::filesystem::perms::none);
    EXPECT_TRUE(read_history(folder.path()).attempts.empty());
}

TEST_F(Books, AnothersJournalIsLeftOutUnlessBooksAreShared) {
    journal("a", {frame(scene, 0, 0, 1)});
    spool("a", 1);
    Owners others;
    others.self = this_user() + 1;
    if (geteuid() == 0) {  // root's are taken by everybody
        ASSERT_EQ(chown((folder / "a-0.journal").c_str(), 4002, 4002), 0);
        others.self = 0;
    }
    const RunHistory none = read_history(folder.path(), {}, others);
    EXPECT_TRUE(none.attempts.empty());
    ASSERT_EQ(none.notes.size(), 1U);
    EXPECT_NE(none.notes[0].find("belongs to "), std::string::npos);
    others.everybody = true;
    EXPECT_EQ(read_history(folder.path(), {}, others).attempts.size(), 1U);
}

TEST_F(Books, TheSpoolIsTheJournalsOwnWhateverItsFirstLineSays) {
    spool("a", 1);
    AttemptEvent start = attempt("../../elsewhere/a");
    test::write_file(folder / "a-0.journal",
                     line_of(start) + "\n" + line_of(frame(scene, 0, 0, 1)) + "\n");
    const RunHistory history = read_history(folder.path());
    EXPECT_EQ(history.spools, std::vector<std::string>{"a-0.spool"});
    EXPECT_EQ(history.attempts.at(0).start.attempt, "a");
    EXPECT_EQ(of(0).spool, 0);
}

TEST_F(Books, NumbersThatNoRunWritesAreDamage) {
    spool("a", 1);
    OutputEvent output;
    output.scene = scene;
    output.frames = 8;
    output.empty = {99};
    const auto huge = std::numeric_limits<std::int64_t>::max();
    journal("a", {frame(scene, 0, 0, 1), frame(scene, -1, 0, 1), output,
                  JobEvent{scene, "x", "x", huge, 1}, JobEvent{scene, "x", "x", 1, huge}});
    const RunHistory history = read_history(folder.path());
    ASSERT_EQ(history.notes.size(), 1U);
    EXPECT_NE(history.notes[0].find("4 lines damaged"), std::string::npos) << history.notes[0];
    EXPECT_EQ(of(0).spool, 0);
    EXPECT_TRUE(history.scenes.at(scene).outputs.empty());
    EXPECT_EQ(history.scenes.at(scene).job.frames, 0);
}

}  // namespace
}  // namespace cytofleet
