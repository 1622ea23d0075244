// Temporary files: told apart from those of dead processes, which are removed.
#include "base/new_file.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// A temporary name such as open_temporary() gives for a file `name`.
std::string temporary_for(const fs::path& folder, const std::string& name) {
    fs::path path;
    close(open_temporary(folder / name, path));
    fs::remove(path);
    return path.filename();
}

TEST(NewFile, HasANameOfItsOwn) {
    const test::TempDir folder;
    fs::path first;
    fs::path second;
    const mode_t mask = umask(027);
    const int one = open_temporary(folder / "mask.tif", first);
    const int two = open_temporary(folder / "mask.tif", second);
    umask(mask);
    ASSERT_GE(one, 0);
    ASSERT_GE(two, 0);
    EXPECT_NE(first, second);
    const std::string name = first.filename();
    EXPECT_TRUE(name.starts_with("cytofleet-"));
    EXPECT_TRUE(name.ends_with(".tmp"));
    EXPECT_EQ(name.size(), std::string("cytofleet-0123456789abcdef.XXXXXX.tmp").size());
    EXPECT_EQ(fs::status(first).permissions(), static_cast<fs::perms>(0640));
    close(one);
    close(two);
    fs::path unset;
    EXPECT_LT(open_temporary(folder / "gone" / "mask.tif", unset), 0);
    EXPECT_EQ(errno, ENOENT);
}

TEST(NewFile, WhateverNameAFolderTakesCanBeWrittenThere) {
    const test::TempDir folder;
    const std::string longest(
        static_cast<std::size_t>(pathconf(folder.path().c_str(), _PC_NAME_MAX)), 'a');
    fs::path path;
    const int descriptor = open_temporary(folder / longest, path);
    ASSERT_GE(descriptor, 0);
    EXPECT_EQ(rename(path.c_str(), (folder / longest).c_str()), 0);
    close(descriptor);
}

TEST(NewFile, OnlyADeadProcesssFileIsRemoved) {
    const test::TempDir folder;
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        fs::path path;
        const char byte = open_temporary(folder / "child.tif", path) >= 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1) pause();
        _exit(1);
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    ASSERT_EQ(byte, 'y');
    fs::path own;
    const int descriptor = open_temporary(folder / "own.tif", own);
    const std::string dead = temporary_for(folder.path(), "dead.tif");
    test::write_file(folder / dead, "left behind");
    const std::set<std::string> names{"child.tif", "own.tif", "dead.tif"};
    const auto count = [&] { return std::distance(fs::directory_iterator(folder.path()), {}); };
    remove_stale_temporaries(folder.path(), names);
    EXPECT_FALSE(fs::exists(folder / dead));
    EXPECT_EQ(count(), 2);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    remove_stale_temporaries(folder.path(), names);
    EXPECT_EQ(count(), 1);
    EXPECT_TRUE(fs::exists(own));
    close(descriptor);
    close(ready[0]);
    close(ready[1]);
    remove_stale_temporaries(folder.path(), names);
    EXPECT_EQ(count(), 0);
}

TEST(NewFile, NothingElseIsRemoved) {
    const test::TempDir folder;
    const std::string ours = temporary_for(folder.path(), "ours.tif");
    const std::string theirs = temporary_for(folder.path(), "theirs.tif");
    const std::vector<std::string> others{
        theirs,        "x" + ours,      ours + "x", "ours.tif", "ours.tif.abcdef.tmp",
        ".abcdef.tmp", ours.substr(10), "ours.tmp"};
    for (const std::string& name : others) test::write_file(folder / name, "x");
    test::write_file(folder / ours, "x");
    remove_stale_temporaries(folder.path(), {"ours.tif"});
    EXPECT_FALSE(fs::exists(folder / ours));
    for (const std::string& name : others) EXPECT_TRUE(fs::exists(folder / name)) << name;
    test::write_file(folder / ours, "x");
    remove_all_stale_temporaries(folder.path());
    EXPECT_FALSE(fs::exists(folder / ours));
    EXPECT_FALSE(fs::exists(folder / theirs));
    for (std::size_t i = 1; i < others.size(); ++i) EXPECT_TRUE(fs::exists(folder / others[i]));
    EXPECT_NO_THROW(remove_stale_temporaries(folder / "gone", {"ours.tif"}));
}

TEST(NewFile, OnlyRegularFilesAreRemovedAsStale) {
    const test::TempDir folder;
    const auto name = [&](const char* of) { return folder / temporary_for(folder.path(), of); };
    test::write_file(folder / "kept", "x");
    fs::create_symlink("kept", name("link.tif"));
    fs::create_directory(name("folder.tif"));
    ASSERT_EQ(mkfifo(name("pipe.tif").c_str(), 0666), 0);
    const fs::path theirs = name("theirs.tif");
    test::write_file(theirs, "x");
    Owners owners;
    if (geteuid() == 0)
        ASSERT_EQ(chown(theirs.c_str(), 4002, 4002), 0);
    else
        owners.self = this_user() + 1;
    remove_all_stale_temporaries(folder.path(), owners);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 5);
}

TEST(NewFile, TheMaskOfOtherThreadsIsLeftAlone) {
    const test::TempDir folder;
    const mode_t mask = umask(027);
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k)
        threads.emplace_back([&folder, k] {
            for (int i = 0; i < 500; ++i) {
                fs::path path;
                close(open_temporary(folder / std::to_string(k), path));
                fs::remove(path);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(umask(mask), 027U);
}

TEST(NewFile, AFileThatIsBeingMadeIsNotTakenForADeadOne) {
    const test::TempDir folder;
    std::atomic<bool> over = false;
    std::thread tidying([&] {
        while (!over) remove_all_stale_temporaries(folder.path());
    });
    int lost = 0;
    for (int k = 0; k < 2000; ++k) {
        fs::path path;
        const int descriptor = open_temporary(folder / "mask.tif", path);
        lost += descriptor >= 0 && fs::exists(path) ? 0 : 1;
        close(descriptor);
    }
    over = true;
    tidying.join();
    EXPECT_EQ(lost, 0);
}

/// Takes a lock of the whole file for an open descriptor, as anybody can who may open it so.
bool take_lock(int descriptor, short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

TEST(LockForLife, WaitsForWhoeverJustLooks) {
    const test::TempDir folder;
    test::write_file(folder / "a", "x");
    const auto opened = [&] { return open((folder / "a").c_str(), O_RDWR | O_CLOEXEC); };
    const int looking = opened();
    ASSERT_TRUE(take_lock(looking, F_WRLCK));
    std::thread looker([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        close(looking);
    });
    const int living = opened();
    EXPECT_TRUE(lock_for_life(living));
    looker.join();
    const int later = opened();
    EXPECT_TRUE(is_locked(later));
    close(living);
    EXPECT_FALSE(is_locked(later));
    close(later);
    EXPECT_FALSE(lock_for_life(later));
}

TEST(LockForLife, WhoMayOnlyReadNeitherHasItNorKeepsItForLong) {
    const test::TempDir folder;
    test::write_file(folder / "a", "x");
    const int reader = open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_FALSE(take_lock(reader, F_WRLCK));
    ASSERT_TRUE(take_lock(reader, F_RDLCK));
    const int writer = open((folder / "a").c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_FALSE(is_locked(writer));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(lock_for_life(writer));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    close(writer);
    // A file that is new has its lock before anybody can open it.
    fs::path temporary;
    const int fresh = open_temporary(folder / "b", temporary);
    const int other = open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_TRUE(is_locked(other));
    EXPECT_FALSE(take_lock(other, F_RDLCK));
    close(fresh);
    close(other);
    close(reader);
}

TEST(WriteAll, WritesWhereItIsToldOrSaysWhyNot) {
    const test::TempDir folder;
    fs::path path;
    const int descriptor = open_temporary(folder / "a", path);
    EXPECT_TRUE(write_all(descriptor, 0, "0123456789"));
    EXPECT_TRUE(write_all(descriptor, 3, "abc"));
    EXPECT_TRUE(write_all(descriptor, 100, ""));
    EXPECT_EQ(test::read_file(path), "012abc6789");
    close(descriptor);
    EXPECT_FALSE(write_all(descriptor, 0, "x"));
    EXPECT_EQ(errno, EBADF);
}

TEST(WriteAll, AFullDiskIsSaid) {
    const test::TempDir folder;
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{5, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &limit);
        fs::path path;
        const int descriptor = open_temporary(folder / "a", path);
        _exit(!write_all(descriptor, 0, "0123456789") && errno == EFBIG ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST(SyncFolder, TakesWhatThereIs) {
    const test::TempDir folder;
    EXPECT_NO_THROW(sync_folder(folder.path()));
    EXPECT_NO_THROW(sync_folder({}));
    EXPECT_NO_THROW(sync_folder(folder / "gone"));
}

}  // namespace
}  // namespace cytofleet
