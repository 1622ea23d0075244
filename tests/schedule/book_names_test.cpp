// Files by their place from the results.
#include "schedule/book_names.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

TEST(BookNames, AreTheWayFromTheFolderOfTheBooks) {
    const test::TempDir dir;
    fs::create_directories(dir / "results" / "deep");
    fs::create_directories(dir / "beside");
    BookNames names(dir / "results");
    EXPECT_EQ(names.name_of(dir / "results" / "a.ome.tif"), "a.ome.tif");
    EXPECT_EQ(names.name_of(dir / "results" / "deep" / "b.h5"), "deep/b.h5");
    EXPECT_EQ(names.name_of(dir / "results" / "deep" / ".." / "c.h5"), "c.h5");
    EXPECT_EQ(names.name_of(dir / "beside" / "d.h5"), "../beside/d.h5");
    EXPECT_EQ(names.file_of("deep/b.h5"), dir / "results" / "deep" / "b.h5");
}

TEST(BookNames, AreTheSameHoweverTheFolderIsNamed) {
    const test::TempDir dir;
    fs::create_directories(dir / "results");
    fs::create_directory_symlink(dir / "results", dir / "link");
    const fs::path before = fs::current_path();
    BookNames plain(dir / "results");
    BookNames linked(dir / "link");
    EXPECT_EQ(plain.name_of(dir / "link" / "a.tif"), "a.tif");
    EXPECT_EQ(linked.name_of(dir / "results" / "a.tif"), "a.tif");
    fs::current_path(dir / "results");
    BookNames here(".");
    EXPECT_EQ(here.name_of("a.tif"), "a.tif");
    EXPECT_EQ(here.name_of(dir / "link" / "a.tif"), "a.tif");
    EXPECT_EQ(here.file_of("a.tif"), fs::path("a.tif"));
    fs::current_path(before);
}

TEST(BookNames, HoldAnyByte) {
    const test::TempDir dir;
    BookNames names(dir.path());
    std::string odd = "a %41 \xff\xc3\xbc\n";
    for (int c = 1; c < 256; ++c)
        if (c != '/') odd += static_cast<char>(c);
    const std::string name = names.name_of(dir / odd);
    for (const char c : name) EXPECT_TRUE(c > ' ' && c < 0x7f);
    EXPECT_EQ(names.file_of(name), dir / odd);
}

TEST(BookNames, TakeBrokenEscapesAsTheyStand) {
    const BookNames names("home");
    EXPECT_EQ(names.file_of("a%"), fs::path("home/a%"));
    EXPECT_EQ(names.file_of("a%4"), fs::path("home/a%4"));
    EXPECT_EQ(names.file_of("a%zz"), fs::path("home/a%zz"));
    EXPECT_EQ(names.file_of("a%41"), fs::path("home/aA"));
}

TEST(BookNames, TellWhichNamesLeadOutOfTheFolder) {
    for (const char* name : {"movie_vSM.ome.tif", "sub/movie%20a.h5", "a/../b", "..a", "%2e%2ea"})
        EXPECT_TRUE(BookNames::stays_inside(name)) << name;
    for (const char* name : {"../other/movie.tif", "/etc/shadow", "a/../../b", "%2e%2e/secret",
                             "%2fetc/shadow", "", "a%00b"})
        EXPECT_FALSE(BookNames::stays_inside(name)) << name;
}

}  // namespace
}  // namespace cytofleet
