// A run's start: one for all who start it at once, and found again later.
#include "schedule/run_folder.hpp"

#include <chrono>
#include <limits>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

const Settings some_settings{{"model", "1f2e"}, {"flow-threshold", "0.4"}, {"diameter", "30"}};

RunStart start_at(std::int64_t seconds, int number = 1) {
    return {number, seconds, some_settings, {"cytofleet", "run", "a b"}};
}

TEST(RunFolder, TheStartIsFoundAgain) {
    const test::TempDir folder;
    EXPECT_FALSE(newest_start(folder.path()));
    EXPECT_FALSE(newest_start(folder / "gone"));
    for (const int number : {1, 2, 10}) {
        EXPECT_EQ(claim_start(folder.path(), start_at(number * 100, number)).start, number * 100);
        const auto found = newest_start(folder.path());
        ASSERT_TRUE(found);
        EXPECT_EQ(found->number, number);
        EXPECT_EQ(found->start, number * 100);
        EXPECT_EQ(found->settings, some_settings);
        EXPECT_EQ(found->command, start_at(0).command);
    }
    EXPECT_EQ(claim_start(folder.path(), start_at(7, 2)).start, 200);  // was there before
}

TEST(RunFolder, AStartWithoutSettingsIsOneToo) {
    const test::TempDir folder;
    claim_start(folder.path(), {1, 5, {}, {}});
    ASSERT_TRUE(newest_start(folder.path()));
    EXPECT_TRUE(newest_start(folder.path())->settings.empty());
}

TEST(RunFolder, ProcessesThatStartAtOnceAgree) {
    for (int round = 0; round < 20; ++round) {
        const test::TempDir folder;
        int gate[2];
        ASSERT_EQ(pipe(gate), 0);
        std::vector<pid_t> children;
        for (int k = 0; k < 8; ++k) {
            const pid_t child = fork();
            if (child == 0) {
                close(gate[1]);
                char byte = 0;
                const bool open = read(gate[0], &byte, 1) == 0;  // all at once, when it is closed
                const auto start = claim_start(folder.path(), start_at(1000 + k)).start;
                _exit(open ? static_cast<int>(start - 1000) : 100);
            }
            children.push_back(child);
        }
        close(gate[0]);
        close(gate[1]);
        std::vector<int> starts;
        for (const pid_t child : children) {
            int status = 0;
            waitpid(child, &status, 0);
            ASSERT_TRUE(WIFEXITED(status));
            starts.push_back(WEXITSTATUS(status));
        }
        EXPECT_EQ(starts, std::vector<int>(8, starts[0]));
        EXPECT_EQ(newest_start(folder.path())->start, 1000 + starts[0]);
        // No temporary is left.
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    }
}

TEST(RunFolder, MarksWhatIsFinished) {
    const test::TempDir folder;
    EXPECT_FALSE(is_finished(folder.path(), 1));
    mark_finished(folder.path(), 1);
    mark_finished(folder.path(), 1);
    EXPECT_TRUE(is_finished(folder.path(), 1));
    EXPECT_FALSE(is_finished(folder.path(), 2));
    EXPECT_FALSE(is_finished(folder.path(), 11));
    EXPECT_FALSE(newest_start(folder.path()));
    EXPECT_THROW(mark_finished(folder / "gone", 1), Error);
}

TEST(RunFolder, SaysWhatIsDifferent) {
    Settings now = some_settings;
    EXPECT_EQ(difference(some_settings, now), "");
    now[1].second = "0.5";
    EXPECT_EQ(difference(some_settings, now), "flow-threshold 0.4 -> 0.5");
    now[0].second = std::string(64, 'c');
    EXPECT_EQ(difference(some_settings, now),
              "model 1f2e -> cccccccc.., flow-threshold 0.4 -> 0.5");
    EXPECT_EQ(difference({{"a", "1"}}, {{"b", "2"}}), "b none -> 2, a 1 -> none");
}

TEST(RunFolder, TheIdChangesWithEachSettingAndWithNothingElse) {
    const std::string id = run_id(some_settings);
    EXPECT_EQ(id.size(), 16U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(run_id(Settings(some_settings)), id);
    for (std::size_t i = 0; i < some_settings.size(); ++i) {
        Settings other = some_settings;
        other[i].second += "0";
        EXPECT_NE(run_id(other), id);
        other = some_settings;
        other[i].first += "0";
        EXPECT_NE(run_id(other), id);
        other.erase(other.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_NE(run_id(other), id);
    }
    EXPECT_NE(run_id({{"a", "b=c"}}), run_id({{"a=b", "c"}}));
    EXPECT_NE(run_id({{"a", "1\n1:b=1:2"}}), run_id({{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(books_of("out").native(), "out/.cytofleet");
}

TEST(RunFolder, ADamagedStartIsKnownByItsNumberOnly) {
    const test::TempDir folder;
    test::write_file(folder / "run-3.json", "{\"start\": 12");
    test::write_file(folder / "run-x.json", "not a start");
    const auto newest = newest_start(folder.path());
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->number, 3);
    EXPECT_TRUE(newest->damaged);
}

TEST(RunFolder, NoByteOfAStartChangesUnseen) {
    const test::TempDir folder;
    const RunStart start{1, 1'700'000'000, {{"diameter", "30"}}, {"run", "a b"}};
    claim_start(folder.path(), start);
    const auto path = folder / "run-1.json";
    const std::string text = test::read_file(path);
    // What was not read at once may be just being written, so only a few are tried.
    for (std::size_t at = 3; at < text.size(); at += text.size() / 4) {
        std::string damaged = text;
        damaged[at] = damaged[at] == '7' ? '8' : '7';
        test::write_file(path, damaged);
        const auto read = newest_start(folder.path());
        ASSERT_TRUE(read);
        EXPECT_TRUE(read->damaged || read->start == start.start) << at;
    }
}

TEST(RunFolder, AStartThatIsBeingWrittenIsWaitedFor) {
    const test::TempDir folder;
    claim_start(folder.path(), start_at(5));
    const std::string text = test::read_file(folder / "run-1.json");
    test::write_file(folder / "run-1.json", text.substr(0, text.size() / 2));
    std::thread writer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        test::write_file(folder / "run-1.json", text);
    });
    EXPECT_EQ(claim_start(folder.path(), start_at(9)).start, 5);
    writer.join();
}

TEST(RunFolder, WhatIsNoStartIsPassedOver) {
    const test::TempDir folder;
    claim_start(folder.path(), start_at(5));
    ASSERT_EQ(mkfifo((folder / "run-2.json").c_str(), 0666), 0);
    std::filesystem::create_symlink("run-1.json", folder / "run-3.json");
    std::filesystem::create_directory(folder / "run-4.json");
    std::vector<std::string> notes;
    const auto newest = newest_start(folder.path(), {}, &notes);
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->number, 1);
    EXPECT_EQ(newest->start, 5);
    EXPECT_EQ(notes.size(), 3U);
    // The next start takes the first number that is free.
    EXPECT_EQ(claim_start(folder.path(), start_at(6, 2)).number, 5);
    EXPECT_EQ(newest_start(folder.path())->start, 6);
}

TEST(RunFolder, ADeeplyNestedStartIsDamage) {
    const test::TempDir folder;
    test::write_file(folder / "run-1.json", std::string(200'000, '[') + std::string(200'000, ']'));
    ASSERT_TRUE(newest_start(folder.path()));
    EXPECT_TRUE(newest_start(folder.path())->damaged);
}

TEST(RunFolder, AStartInAnImpossibleYearIsDamage) {
    const test::TempDir folder;
    claim_start(folder.path(), start_at(std::numeric_limits<std::int64_t>::max()));
    EXPECT_TRUE(newest_start(folder.path())->damaged);
}

TEST(RunFolder, AMarkFollowsNoLinkAndWaitsForNoPipe) {
    const test::TempDir folder;
    std::filesystem::create_symlink(folder / "elsewhere", folder / "run-1.finished");
    ASSERT_EQ(mkfifo((folder / "run-2.finished").c_str(), 0666), 0);
    for (const int number : {1, 2}) {
        mark_finished(folder.path(), number);
        EXPECT_FALSE(is_finished(folder.path(), number));
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

TEST(RunFolder, BooksThatAreALinkAreNone) {
    const test::TempDir folder;
    std::filesystem::create_directories(folder / "elsewhere" / "id");
    claim_start(folder / "elsewhere" / "id", start_at(5));
    std::filesystem::create_symlink("elsewhere", folder / ".cytofleet");
    std::filesystem::create_symlink("elsewhere/id", folder / "id");
    EXPECT_FALSE(newest_start(folder / ".cytofleet" / "id"));
    EXPECT_FALSE(newest_start(folder / "id"));
    EXPECT_THROW(mark_finished(folder / ".cytofleet" / "id", 1), Error);
    EXPECT_THROW(claim_start(folder / "id", start_at(7)), Error);
    EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere" / "id" / "run-1.finished"));
}

TEST(RunFolder, AFolderThatIsNotThereIsAnError) {
    const test::TempDir folder;
    try {
        claim_start(folder / "gone", start_at(1));
        FAIL() << "claimed";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("run-1.json: cannot be written"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace cytofleet
