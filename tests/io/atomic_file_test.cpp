#include "io/atomic_file.hpp"

#include <csignal>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using test::TempDir;
using test::write_file;

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder))
        out.push_back(entry.path().filename().string());
    return out;
}

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// The message of the Error{output} that `body` throws.
std::string refused(const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
}

TEST(AtomicFile, AppearsWhole) {
    const TempDir folder;
    const fs::path path = folder / "result.tif";
    AtomicFile file(path);
    EXPECT_EQ(file.temporary().parent_path(), folder.path());
    EXPECT_EQ(file.temporary().extension(), ".tmp");
    EXPECT_TRUE(file.temporary().filename().string().starts_with("cytofleet-"));
    file.append(bytes("01234"));
    EXPECT_EQ(file.end(), 5U);
    file.append({});
    file.append(bytes("56789"));
    file.overwrite(3, bytes("abc"));
    file.overwrite(10, {});
    EXPECT_EQ(file.end(), 10U);
    file.sync();
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(read_file(file.temporary()), "012abc6789");
    file.commit();
    EXPECT_EQ(read_file(path), "012abc6789");
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"result.tif"});
}

TEST(AtomicFile, LeavesNothingBehindWithoutACommit) {
    const TempDir folder;
    write_file(folder / "kept", "before");
    {
        AtomicFile file(folder / "kept");
        file.append(bytes("after"));
        AtomicFile never(folder / "never");
    }
    EXPECT_EQ(read_file(folder / "kept"), "before");
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"kept"});
}

TEST(AtomicFile, ReplacesWhatWasThere) {
    const TempDir folder;
    write_file(folder / "x", "a long text from before");
    write_text_atomically(folder / "x", "new");
    EXPECT_EQ(read_file(folder / "x"), "new");
    write_text_atomically(folder / "x", "");
    EXPECT_EQ(read_file(folder / "x"), "");
    EXPECT_EQ(names_in(folder.path()).size(), 1U);
}

TEST(AtomicFile, TwoWritersOfOneNameDoNotMeet) {
    const TempDir folder;
    AtomicFile first(folder / "x");
    AtomicFile second(folder / "x");
    EXPECT_NE(first.temporary(), second.temporary());
    first.append(bytes("first"));
    second.append(bytes("second"));
    second.commit();
    first.commit();
    EXPECT_EQ(read_file(folder / "x"), "first");
    EXPECT_EQ(names_in(folder.path()).size(), 1U);
}

TEST(AtomicFile, IsForWhomTheUsersMaskSays) {
    const TempDir folder;
    const auto mode_with = [&folder](mode_t mask) {
        const mode_t before = umask(mask);
        write_text_atomically(folder / "x", "text");
        umask(before);
        return fs::status(folder / "x").permissions();
    };
    EXPECT_EQ(mode_with(022), fs::perms{0644});
    EXPECT_EQ(mode_with(007), fs::perms{0660});
    EXPECT_EQ(mode_with(077), fs::perms{0600});
}

TEST(AtomicFile, AFolderThatIsNotThereIsNamed) {
    const TempDir folder;
    const fs::path path = folder / "none" / "x";
    const std::string message = refused([&] { AtomicFile file(path); });
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(AtomicFile, AFolderThatGoesDuringTheRun) {
    const TempDir folder;
    fs::create_directory(folder / "out");
    const fs::path path = folder / "out" / "x";
    AtomicFile file(path);
    file.append(bytes("text"));
    fs::remove_all(folder / "out");
    const std::string message = refused([&] { file.commit(); });
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
    EXPECT_NE(message.find("folder is gone"), std::string::npos) << message;
}

TEST(AtomicFile, AFolderOfThatNameIsNotReplaced) {
    const TempDir folder;
    fs::create_directory(folder / "x");
    write_file(folder / "x" / "inside", "kept");
    refused([&] { write_text_atomically(folder / "x", "text"); });
    EXPECT_EQ(read_file(folder / "x" / "inside"), "kept");
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"x"});
}

/// No file of this process may grow beyond `bytes` while this lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t size) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{size, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    void (*handler_)(int);
    rlimit before_{};
};

TEST(AtomicFile, AFileThatCannotGrowFailsAndGoes) {
    const TempDir folder;
    const fs::path path = folder / "x";
    write_file(path, "before");
    std::string message;
    {
        const FileSizeLimit limit(1000);
        message = refused([&] {
            AtomicFile file(path);
            file.append(bytes(std::string(800, 'a')));
            file.append(bytes(std::string(800, 'b')));
            file.commit();
        });
    }
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
    EXPECT_NE(message.find("--output-dir"), std::string::npos) << message;
    EXPECT_EQ(read_file(path), "before");
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"x"});
}

TEST(AtomicFile, WhatHasAppearedIsReplacedOnlyWhenItMayBe) {
    const TempDir folder;
    const auto write = [&](bool allowed) {
        write_text_atomically(folder / "x", "ours", [&](const fs::path& path) {
            EXPECT_EQ(path, folder / "x");
            return allowed;
        });
    };
    write(false);  // the name is free
    EXPECT_EQ(read_file(folder / "x"), "ours");
    write_file(folder / "x", "theirs");
    const std::string message = refused([&] { write(false); });
    EXPECT_NE(message.find("has appeared"), std::string::npos) << message;
    EXPECT_EQ(read_file(folder / "x"), "theirs");
    write(true);
    EXPECT_EQ(read_file(folder / "x"), "ours");
    fs::remove(folder / "x");
    fs::create_symlink("nowhere", folder / "x");
    refused([&] { write(false); });
    EXPECT_TRUE(fs::is_symlink(folder / "x"));
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"x"});
}

TEST(AtomicFile, AnExchangedTemporaryDoesNotBecomeTheResult) {
    const TempDir folder;
    write_file(folder / "thesis", "years of work");
    AtomicFile file(folder / "x");
    file.append(bytes("text"));
    fs::rename(file.temporary(), folder / "away");
    fs::create_symlink("thesis", file.temporary());
    const std::string message = refused([&] { file.commit(); });
    EXPECT_NE(message.find("somebody has put another file"), std::string::npos) << message;
    EXPECT_FALSE(fs::exists(fs::symlink_status(folder / "x")));
    EXPECT_EQ(read_file(folder / "thesis"), "years of work");
}

TEST(AtomicFile, OnlyWhatWasAppendedIsOverwritten) {
    const TempDir folder;
    AtomicFile file(folder / "x");
    file.append(bytes("0123"));
    EXPECT_THROW(file.overwrite(2, bytes("abc")), InternalError);
    EXPECT_EQ(read_file(file.temporary()), "0123");
}

}  // namespace
}  // namespace cytofleet
