// Journals: whole lines whatever happens, and a lock that tells the living from the dead.
#include "schedule/journal.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "schedule/events.hpp"
#include "schedule/history.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

using test::attempt;
using test::frame;

const SceneName scene{"aa", 0};

std::vector<JournalEvent> events_in(const std::filesystem::path& path) {
    const std::string text = test::read_file(path);
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    std::vector<JournalEvent> out;
    for (const std::string& line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto event = event_of(line);
        EXPECT_TRUE(event) << line;
        if (event) out.push_back(*event);
    }
    return out;
}

TEST(Journal, AppendsWholeLines) {
    const test::TempDir folder;
    {
        Journal journal(folder.path(), attempt("a", 3));
        EXPECT_EQ(journal.path(), folder / "a-3.journal");
        journal.add(frame(scene, 1, 0, 9));
        // A killed process loses nothing: it is in the file before anything else happens.
        EXPECT_EQ(events_in(journal.path()).size(), 2U);
        journal.add(EndEvent{0});
        journal.sync();
    }
    EXPECT_EQ(events_in(folder / "a-3.journal"),
              (std::vector<JournalEvent>{attempt("a", 3), frame(scene, 1, 0, 9), EndEvent{0}}));
}

TEST(Journal, TakesLinesFromSeveralThreads) {
    const test::TempDir folder;
    Journal journal(folder.path(), attempt("a"));
    const auto write = [&](std::int64_t from) {
        for (std::int64_t t = from; t < from + 500; ++t) {
            journal.add(frame(scene, t, 0, 9));
            if (t % 100 == 0) journal.sync();
        }
    };
    std::thread other(write, 1000);
    write(0);
    other.join();
    const auto events = events_in(journal.path());
    ASSERT_EQ(events.size(), 1001U);
    std::int64_t sum = 0;
    for (std::size_t i = 1; i < events.size(); ++i) sum += std::get<FrameEvent>(events[i]).t;
    EXPECT_EQ(sum, 500 * 499 / 2 + 500 * 1000 + 500 * 499 / 2);
}

TEST(Journal, IsNeverOpenedTwice) {
    const test::TempDir folder;
    { const Journal journal(folder.path(), attempt("a")); }
    const std::string before = test::read_file(folder / "a-0.journal");
    try {
        const Journal journal(folder.path(), attempt("a"));
        FAIL() << "opened again";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        EXPECT_NE(std::string(error.what()).find("a-0.journal"), std::string::npos);
    }
    EXPECT_EQ(test::read_file(folder / "a-0.journal"), before);
    EXPECT_THROW(Journal(folder / "gone", attempt("b")), Error);
}

/// Runs `body` in a process where files cannot grow beyond `bytes`; true when it returned true.
template <typename Body>
bool with_full_disk(rlim_t bytes, Body body) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(body() ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0;
}

TEST(Journal, AFullDiskLeavesNoHalfLine) {
    const test::TempDir folder;
    EXPECT_TRUE(with_full_disk(1000, [&] {
        Journal journal(folder.path(), attempt("a"));
        for (std::int64_t t = 0; t < 100; ++t) {
            try {
                journal.add(frame(scene, t, 0, 9));
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::output ||
                    std::string(error.what()).find("a-0.journal") == std::string::npos)
                    return false;
                // Room is made, and the next line is a whole one.
                const rlimit limit{2000, RLIM_INFINITY};
                setrlimit(RLIMIT_FSIZE, &limit);
                journal.add(EndEvent{static_cast<std::int32_t>(t)});
                return true;
            }
        }
        return false;
    }));
    const auto events = events_in(folder / "a-0.journal");
    ASSERT_GE(events.size(), 3U);
    EXPECT_EQ(std::get<EndEvent>(events.back()).code, std::ssize(events) - 2);
}

TEST(Journal, LeavesNothingWhereNotEvenItsFirstLineFits) {
    const test::TempDir folder;
    EXPECT_TRUE(with_full_disk(10, [&] {
        try {
            const Journal journal(folder.path(), attempt("a"));
        } catch (const Error& error) {
            return error.kind() == ErrorKind::output;
        }
        return false;
    }));
    EXPECT_FALSE(std::filesystem::exists(folder / "a-0.journal"));
}

TEST(Journal, ItsLockTellsTheLivingFromTheDead) {
    const test::TempDir folder;
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        Journal journal(folder.path(), attempt("child"));
        journal.add(BeginEvent{scene, {4}});
        const char byte = 'x';
        if (write(ready[1], &byte, 1) == 1) pause();
        _exit(1);
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    RunHistory history = read_history(folder.path());
    ASSERT_EQ(history.attempts.size(), 1U);
    EXPECT_TRUE(history.attempts[0].alive);
    EXPECT_TRUE(history.someone_alive());
    EXPECT_TRUE(history.scenes.empty());  // it may still finish what it has begun
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    history = read_history(folder.path());
    EXPECT_FALSE(history.someone_alive());
    EXPECT_EQ(history.scenes[scene].frames[4].deaths, 1);
}

}  // namespace
}  // namespace cytofleet
