// Files of folders that other users may write too. Where owners matter: tests/cli/users_test.
#include "base/guarded_folder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// 0, or why it cannot be opened.
int error_of(const fs::path& path, const Route& route) {
    const Descriptor file(open_regular(path, route));
    return file ? 0 : errno;
}

std::string text_at(const fs::path& path, const Route& route) {
    const Descriptor file(open_regular(path, route));
    return file ? read_up_to(file.number(), 100) : "none";
}

/// in/a/b/file, private/b/file and links between them.
struct Project {
    test::TempDir folder;
    fs::path in = folder / "in";
    fs::path file = in / "a" / "b" / "file";
    Project() {
        fs::create_directories(file.parent_path());
        fs::create_directories(folder / "private" / "b");
        test::write_file(file, "mine");
        test::write_file(folder / "private" / "b" / "file", "private");
    }
    /// Instead of the folder in/a.
    void exchange() const {
        fs::rename(in / "a", folder / "away");
        fs::create_directory_symlink(folder / "private", in / "a");
    }
};

TEST(OpenRegular, GoesThroughNoLinkInsteadOfAFolder) {
    const Project project;
    const Route all;
    const Route below{Links::of_owners, project.in};
    EXPECT_EQ(text_at(project.file, below), "mine");
    project.exchange();
    EXPECT_EQ(text_at(project.file, all), "private");
    EXPECT_EQ(text_at(project.file, {Links::of_owners, {}}), "private");
    EXPECT_EQ(text_at(project.file, below), "none");
    EXPECT_EQ(error_of(project.file, below), ENOTDIR);
    EXPECT_EQ(error_of(project.file, {Links::all, project.in}), ENOTDIR);
    EXPECT_FALSE(follows(project.file, project.in));
    EXPECT_TRUE(follows(project.file));
    // What was named may be, or go through, a link.
    EXPECT_EQ(text_at(project.file, {Links::of_owners, project.in / "a"}), "private");
    // Neither may the last folder be one.
    fs::remove(project.in / "a");
    fs::create_directory(project.in / "a");
    fs::create_directory_symlink(project.folder / "private" / "b", project.in / "a" / "b");
    EXPECT_EQ(error_of(project.file, below), ENOTDIR);
}

TEST(OpenRegular, TakesFoldersInAllTheirSpellings) {
    const Project project;
    const fs::path before = fs::current_path();
    fs::current_path(project.in);
    for (const auto& [path, below] : {std::pair{"a/b/file", "a"},
                                      {"a/b/file", "a/"},
                                      {"./a/b/file", "."},
                                      {"./a/b/file", "./"},
                                      {"a/b/file", "a/b"},
                                      {"../in/a/b/file", "../in"}})
        EXPECT_EQ(text_at(path, {Links::of_owners, below}), "mine") << path << ", " << below;
    EXPECT_NE(error_of("a/b/file", {Links::of_owners, "a/c"}), 0) << "no such folder";
    fs::create_directories(project.in / "c");
    EXPECT_NE(error_of("a/b/file", {Links::of_owners, "c"}), 0) << "the way leads out of it";
    fs::current_path(before);
}

TEST(OpenRegular, FollowsLinksFromWhereTheyAre) {
    const Project project;
    const fs::path a = project.in / "a";
    fs::create_symlink("b/file", a / "relative");
    fs::create_symlink("relative", a / "twice");
    fs::create_symlink(project.file, a / "absolute");
    fs::create_symlink("../in/a/twice", project.in / "far");
    fs::rename(project.in / "far", a / "b" / "far");  // now it leads nowhere
    fs::create_symlink("self", a / "self");
    fs::create_symlink("b", a / "folder");
    const Route owners{Links::of_owners, project.in};
    for (const char* const name : {"relative", "twice", "absolute"}) {
        EXPECT_EQ(text_at(a / name, owners), "mine") << name;
        EXPECT_EQ(error_of(a / name, {Links::none, {}}), EPERM) << name;
    }
    EXPECT_EQ(error_of(a / "b" / "far", owners), ENOENT);
    EXPECT_EQ(error_of(a / "self", owners), ELOOP);
    EXPECT_EQ(error_of(a / "folder", owners), EINVAL);
    EXPECT_EQ(error_of(a, owners), EINVAL);
}

TEST(OpenRegular, WaitsForNoPipe) {
    const test::TempDir folder;
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    for (const Links links : {Links::all, Links::of_owners, Links::none})
        EXPECT_EQ(error_of(folder / "pipe", {links, {}}), EINVAL);
}

TEST(GuardedFolder, CreatesWhatItsOwnerAloneCanWrite) {
    const test::TempDir place;
    const GuardedFolder folder(place.path());
    const mode_t mask = umask(0);
    const Descriptor file(folder.create("a.journal"));
    umask(mask);
    ASSERT_TRUE(file);
    EXPECT_EQ(fs::status(place / "a.journal").permissions(), static_cast<fs::perms>(0644))
        << "who may write may also lock, and a dead run's would look alive";
    EXPECT_LT(folder.create("a.journal"), 0);
    EXPECT_EQ(errno, EEXIST);
    EXPECT_LT(folder.create("../a.journal"), 0);
    EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace cytofleet
