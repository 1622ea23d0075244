// The books of a run among other people's: which are taken, what may be replaced, what goes away.
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pipeline/choose_books.hpp"
#include "pipeline/clear_books.hpp"
#include "pipeline/fleet.hpp"
#include "pipeline/replace_rule.hpp"
#include "pipeline/run_report.hpp"
#include "schedule/run_folder.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::Fleet;
using test::FleetRank;
using test::TempDir;
using test::write_file;

constexpr std::uint32_t stranger = 4002;

/// Gives a file to somebody else. Only root can.
bool give_away(const fs::path& path) {
    return geteuid() == 0 && lchown(path.c_str(), stranger, stranger) == 0;
}

// choose_books

TEST(ChooseBooks, AreBelowTheFolderForResults) {
    const TempDir home;
    const ChosenBooks books = choose_books(home.path(), "0123", false);
    EXPECT_EQ(books.folder, home / ".cytofleet" / "0123");
    EXPECT_TRUE(books.notes.empty());
    EXPECT_FALSE(fs::exists(books.folder)) << "nothing is written by choosing";
}

TEST(ChooseBooks, AreTakenAgainWhenTheyAreTheUsersOwn) {
    const TempDir home;
    fs::create_directories(home / ".cytofleet" / "0123");
    EXPECT_TRUE(choose_books(home.path(), "0123", false).notes.empty());
}

TEST(ChooseBooks, ALinkIsLeftAloneAndNamed) {
    const TempDir home;
    const TempDir elsewhere;
    fs::create_directory_symlink(elsewhere.path(), home / ".cytofleet");
    for (const bool share : {false, true}) {
        const ChosenBooks books = choose_books(home.path(), "0123", share);
        EXPECT_EQ(books.folder, home / (".cytofleet-" + std::to_string(this_user())) / "0123");
        ASSERT_EQ(books.notes.size(), 1U);
        EXPECT_NE(books.notes[0].find("is a link; it is left alone"), std::string::npos);
    }
}

TEST(ChooseBooks, AFileInTheirPlaceIsLeftAlone) {
    const TempDir home;
    write_file(home / ".cytofleet", "no folder");
    const ChosenBooks books = choose_books(home.path(), "0123", false);
    EXPECT_NE(books.folder.parent_path(), home / ".cytofleet");
    EXPECT_NE(books.notes.at(0).find("is no folder"), std::string::npos);
}

TEST(ChooseBooks, WithoutAnyPlaceLeftTheErrorSaysWhatToDo) {
    const TempDir home;
    write_file(home / ".cytofleet", "no folder");
    write_file(home / (".cytofleet-" + std::to_string(this_user())), "no folder either");
    try {
        choose_books(home.path(), "0123", false);
        FAIL() << "took them";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        EXPECT_NE(std::string(error.what()).find("choose another --output-dir"), std::string::npos);
    }
}

TEST(ChooseBooks, AnothersBooksAreLeftAloneUnlessShared) {
    const TempDir home;
    fs::create_directories(home / ".cytofleet" / "0123");
    // The folder of all runs may be the user's own where one run's is not.
    if (!give_away(home / ".cytofleet" / "0123")) GTEST_SKIP() << "only root can give files away";
    const ChosenBooks own = choose_books(home.path(), "0123", false);
    EXPECT_EQ(own.folder, home / (".cytofleet-" + std::to_string(this_user())) / "0123");
    ASSERT_EQ(own.notes.size(), 1U);
    EXPECT_NE(own.notes[0].find("--share-books"), std::string::npos);
    const ChosenBooks shared = choose_books(home.path(), "0123", true);
    EXPECT_EQ(shared.folder, home / ".cytofleet" / "0123");
    EXPECT_TRUE(shared.owners.everybody);
    EXPECT_TRUE(shared.notes.empty());
}

// make_books

TEST(MakeBooks, MakesBothFoldersAndFindsThemAgain) {
    const TempDir home;
    const fs::path folder = home / ".cytofleet" / "0123";
    for (int i = 0; i < 2; ++i) {
        const Owners owners = make_books(folder, {});
        EXPECT_EQ(owners.self, this_user());
        EXPECT_FALSE(owners.everybody);
        EXPECT_TRUE(fs::is_directory(folder));
    }
}

TEST(MakeBooks, DoNotFollowALinkThatAppearedMeanwhile) {
    const TempDir home;
    const TempDir elsewhere;
    fs::create_directories(home / ".cytofleet");
    fs::create_directory_symlink(elsewhere.path(), home / ".cytofleet" / "0123");
    EXPECT_THROW(make_books(home / ".cytofleet" / "0123", {}), Error);
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST(MakeBooks, InAFolderThatIsNotThereTheErrorNamesIt) {
    const TempDir home;
    try {
        make_books(home / "nowhere" / ".cytofleet" / "0123", {});
        FAIL() << "made them";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos);
    }
}

TEST(MakeBooks, OfAnotherUserAreRefusedByName) {
    const TempDir home;
    const fs::path folder = home / ".cytofleet" / "0123";
    fs::create_directories(folder);
    if (!give_away(folder)) GTEST_SKIP() << "only root can give files away";
    EXPECT_THROW(make_books(folder, {}), Error);
    EXPECT_NO_THROW(make_books(folder, {true, this_user()}));
}

// clear_books

class ClearBooks : public testing::Test {
  protected:
    ClearBooks() {
        RunStart start;
        start.number = 1;
        start.start = fleet_.record.start;
        claim_start(fleet_.record.folder, start);
        write_file(fleet_.spool(), "planes");
        write_file(fleet_.record.folder / spool_name(attempt_name(), 3), "of an earlier attempt");
        write_file(fleet_.record.folder / "notes.spool", "a stranger's");
        outcome_.frames = 3;
    }
    void clear(int exit_code = 0, std::int64_t unfinished = 0) {
        clear_books(fleet_.record, {outcome_}, unfinished, exit_code);
    }
    bool cleared() const {
        const bool spool = fs::exists(fleet_.spool());
        EXPECT_EQ(is_finished(fleet_.record.folder, 1), !spool);
        EXPECT_TRUE(fs::exists(fleet_.record.folder / "notes.spool"))
            << "only names of our own pattern go";
        return !spool;
    }
    Fleet fleet_{1, {3}};
    Outcome outcome_;
};

TEST_F(ClearBooks, SpoolsGoWhenAllIsDoneAndJournalsStay) {
    std::unique_ptr<Communicator> comm = make_solo();
    fs::path journal;
    {
        const FleetRank rank(fleet_, *comm);
        journal = rank.journal.path();
    }
    clear();
    EXPECT_TRUE(cleared());
    EXPECT_TRUE(fs::exists(journal));
    EXPECT_EQ(std::distance(fs::directory_iterator(fleet_.record.folder), {}), 4)
        << "the start, its end, the journal, and the stranger's";
}

TEST_F(ClearBooks, AStoppedRunKeepsEverything) {
    clear(exit_codes::stopped);
    EXPECT_FALSE(cleared());
}

TEST_F(ClearBooks, ARunWithAnOutputThatFailedKeepsEverything) {
    outcome_.failure = "the disk is full";
    clear(exit_codes::failed);
    EXPECT_FALSE(cleared());
}

TEST_F(ClearBooks, FramesThatWereGivenUpMayBeWantedAgain) {
    outcome_.failed_frames = 1;
    clear(exit_codes::partly_done);
    EXPECT_FALSE(cleared());
    outcome_.hopeless = true;
    clear(exit_codes::partly_done);
    EXPECT_TRUE(cleared()) << "another start would do no better";
}

TEST_F(ClearBooks, WhatWaitsForOtherProcessesIsKeptUntilTheLastOne) {
    clear(0, 1);
    EXPECT_FALSE(cleared());
    mark_finished(fleet_.record.folder, 1);  // by whoever did the rest meanwhile
    clear(0, 1);
    EXPECT_TRUE(cleared());
}

TEST_F(ClearBooks, AnotherProcessAtTheSameWorkKeepsItsPlanes) {
    std::unique_ptr<Communicator> comm = make_solo();
    Fleet& fleet = fleet_;
    const std::string own = fleet.record.attempt;
    fleet.record.attempt = attempt_name();
    const FleetRank other(fleet, *comm);  // lives, and holds its journal's lock
    fleet.record.attempt = own;
    clear();
    EXPECT_TRUE(fs::exists(fleet.spool()));
    EXPECT_TRUE(is_finished(fleet.record.folder, 1)) << "the other one sees it, and clears";
}

TEST_F(ClearBooks, ARunThatNeededNoStartHasNothingToClear) {
    fleet_.record.number = 0;
    clear();
    EXPECT_TRUE(fs::exists(fleet_.spool()));
}

// What may be replaced.

class ReplaceRule : public testing::Test {
  protected:
    bool may_replace(bool was_there = false) {
        const MayReplace rule = result_rule(fleet_.options, fleet_.record, was_there);
        return !rule || rule(fleet_.mask());
    }
    OutputEvent written() {
        OutputEvent out;
        out.scene = fleet_.record.scene_name(0, 0);
        out.path = BookNames(fleet_.record.home()).name_of(fleet_.mask());
        out.bytes = fs::file_size(fleet_.mask());
        out.sha256 = sha256_of_file(fleet_.mask());
        out.changed = fs::last_write_time(fleet_.mask()).time_since_epoch().count();
        out.frames = 3;
        return out;
    }
    Fleet fleet_{1, {3}};
    std::unique_ptr<Communicator> comm_ = make_solo();
    FleetRank rank_{fleet_, *comm_};
};

TEST_F(ReplaceRule, WhatAppearedSinceTheStartIsNotReplaced) {
    write_file(fleet_.mask(), "a stranger's");
    EXPECT_FALSE(may_replace());
}

TEST_F(ReplaceRule, WhatWasThereAndCouldBeReplacedStillCan) {
    write_file(fleet_.mask(), "of an earlier run");
    EXPECT_TRUE(may_replace(true));
    fleet_.options.existing = Existing::overwrite;
    EXPECT_TRUE(may_replace(false));
}

TEST_F(ReplaceRule, WhatAJournalKnowsIsTheRunsOwn) {
    write_file(fleet_.mask(), "of another process at the same work");
    rank_.journal.add(written());
    EXPECT_TRUE(may_replace());
    write_file(fleet_.mask(), "of another process at the SAME work");
    EXPECT_FALSE(may_replace()) << "its contents count, not its name and size";
}

TEST_F(ReplaceRule, OnlyLogsOfThisProgramAreReplaced) {
    const fs::path log = fleet_.dir / "out" / "movie0_vSM.log";
    write_file(log, "a diary\n");
    EXPECT_FALSE(is_own_log(log));
    EXPECT_FALSE(log_rule(fleet_.options)(log));
    const LogFacts facts{fleet_.options, nullptr, 0,  "in.tif", "out.tif",
                         nullptr,        -1,      {}, nullptr,  {}};
    write_file(log, log_text(facts));
    EXPECT_TRUE(is_own_log(log));
    EXPECT_TRUE(log_rule(fleet_.options)(log));
    fleet_.options.existing = Existing::overwrite;
    EXPECT_FALSE(log_rule(fleet_.options)) << "nothing is asked";
}

TEST_F(ReplaceRule, ALinkOrAPipeIsNoLogAndHangsNobody) {
    const fs::path log = fleet_.dir / "out" / "movie0_vSM.log";
    const LogFacts facts{fleet_.options, nullptr, 0,  "in.tif", "out.tif",
                         nullptr,        -1,      {}, nullptr,  {}};
    write_file(fleet_.dir / "real.log", log_text(facts));
    fs::create_symlink(fleet_.dir / "real.log", log);
    EXPECT_FALSE(is_own_log(log));
    fs::remove(log);
    ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
    EXPECT_FALSE(is_own_log(log));
    EXPECT_FALSE(is_own_log(fleet_.dir / "nowhere.log"));
}

// What identifies an input.

class InputIdentity : public testing::Test {
  protected:
    InputIdentity() {
        write_file(dir_ / "a.tif", "first");
        write_file(dir_ / "b.tif", "second");
        file_.path = dir_ / "a.tif";
        file_.members = {dir_ / "a.tif", dir_ / "b.tif"};
    }
    TempDir dir_;
    FileInfo file_;
};

TEST_F(InputIdentity, StaysAsLongAsTheFileDoes) {
    for (const bool contents : {false, true}) {
        const std::string identity = identify(file_, contents);
        EXPECT_EQ(identity.size(), 16U);
        EXPECT_EQ(identity.find_first_not_of("0123456789abcdef"), std::string::npos);
        EXPECT_EQ(identify(file_, contents), identity);
    }
    EXPECT_NE(identify(file_, false), identify(file_, true));
}

TEST_F(InputIdentity, ATimeThatWasTouchedCountsUnlessContentsAreCompared) {
    const std::string by_time = identify(file_, false);
    const std::string by_contents = identify(file_, true);
    fs::last_write_time(file_.path, fs::last_write_time(file_.path) + std::chrono::seconds(1));
    EXPECT_NE(identify(file_, false), by_time);
    EXPECT_EQ(identify(file_, true), by_contents);
}

TEST_F(InputIdentity, OtherContentsOfTheSameSizeAndTimeAreSeenByContents) {
    const std::string by_contents = identify(file_, true);
    const auto time = fs::last_write_time(file_.path);
    write_file(file_.path, "FIRST");
    fs::last_write_time(file_.path, time);
    EXPECT_NE(identify(file_, true), by_contents);
}

TEST_F(InputIdentity, AMemberThatChangedChangesTheFile) {
    for (const bool contents : {false, true}) {
        const std::string before = identify(file_, contents);
        write_file(dir_ / "b.tif", contents ? "changed" : "longer than before");
        EXPECT_NE(identify(file_, contents), before);
    }
}

TEST_F(InputIdentity, ALinkToTheFileIsTheFile) {
    fs::create_symlink(file_.path, dir_ / "link.tif");
    FileInfo link = file_;
    link.members.clear();
    FileInfo real = link;
    link.path = dir_ / "link.tif";
    EXPECT_EQ(identify(link, true), identify(real, true));
}

TEST_F(InputIdentity, TheSameBytesUnderAnotherNameAreAnotherInput) {
    FileInfo one = file_;
    one.members.clear();
    FileInfo other = one;
    other.path = dir_ / "c.tif";
    fs::copy_file(one.path, other.path);
    EXPECT_NE(identify(other, true), identify(one, true));
}

TEST_F(InputIdentity, AFileOrAMemberThatIsGoneIsAnErrorThatNamesIt) {
    fs::remove(dir_ / "b.tif");
    try {
        identify(file_, false);
        FAIL() << "identified it";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input);
        EXPECT_NE(std::string(error.what()).find("b.tif"), std::string::npos);
    }
}

}  // namespace
}  // namespace cytofleet
