// Two names of one file are found, whatever they look like.
#include "pipeline/claimed_paths.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "pipeline/folder_rules.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::write_file;

bool heeds_case(const fs::path& /*folder*/) {
    return false;
}

class ClaimsIn : public testing::Test {
  protected:
    explicit ClaimsIn(ClaimedPaths::CaseRule rule = heeds_case) : claims_(std::move(rule)) {
        write_file(dir_ / "a.tif", "x");
        fs::create_directory(dir_ / "sub");
        fs::create_directory_symlink(dir_ / "sub", dir_ / "link");
    }
    /// What refuse_clashes() says; empty: nothing.
    std::string clash() const {
        try {
            claims_.refuse_clashes();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::usage);
            return error.what();
        }
        return {};
    }
    test::TempDir dir_;
    ClaimedPaths claims_;
};
using ClaimedPathsTest = ClaimsIn;

TEST_F(ClaimedPathsTest, AnyNumberMayReadAFileAndEachWritesItsOwn) {
    for (int i = 0; i < 3; ++i) claims_.read(dir_ / "a.tif", "an input");
    claims_.write(dir_ / "a_vSM.tif", "the masks", "a.tif");
    claims_.write(dir_ / "a_vSM.log", "the log", "a.tif");
    claims_.write(dir_ / "sub" / "a_vSM.log", "the log", "sub/a.tif");
    EXPECT_EQ(clash(), "");
    EXPECT_EQ(claims_.written().size(), 3U);
}

TEST_F(ClaimedPathsTest, WhatIsReadIsNotWrittenInEitherOrder) {
    claims_.read(dir_ / "a.tif", "an input");
    EXPECT_FALSE(claims_.is_free(dir_ / "a.tif"));
    EXPECT_TRUE(claims_.is_free(dir_ / "b.tif"));
    claims_.write(dir_ / "a.tif", "the collection (--collect)");
    const std::string text = clash();
    EXPECT_NE(text.find((dir_ / "a.tif").native() + " (an input)"), std::string::npos) << text;
    EXPECT_NE(text.find("the collection (--collect)"), std::string::npos) << text;
    EXPECT_NE(text.find("another name for --collect"), std::string::npos) << text;

    ClaimedPaths other(heeds_case);
    other.write(dir_ / "new.tif", "the masks", "b.tif");
    other.read(dir_ / "new.tif", "an input");
    EXPECT_THROW(other.refuse_clashes(), Error);
}

TEST_F(ClaimedPathsTest, LinksAndDotsLeadToTheSameFile) {
    const std::vector<fs::path> names{dir_ / "sub" / "x.h5", dir_ / "link" / "x.h5",
                                      dir_ / "sub/../sub/x.h5", dir_ / "gone/../link/./x.h5"};
    for (const fs::path& name : names) claims_.write(name, "the log", name.native());
    const std::string text = clash();
    EXPECT_NE(text.find("(and so for 2 more pairs)"), std::string::npos) << text;
    EXPECT_NE(text.find(names[1].native() + " would both be written to"), std::string::npos);
}

TEST_F(ClaimedPathsTest, FromTheCurrentFolderToo) {
    const fs::path before = fs::current_path();
    fs::current_path(dir_ / "sub");
    claims_.write("x.h5", "the masks", "x.tif");
    claims_.write(dir_ / "sub" / "x.h5", "the collection (--collect)");
    fs::current_path(before);
    EXPECT_NE(clash(), "");
}

TEST_F(ClaimedPathsTest, InFoldersThatAreNotThereYet) {
    claims_.write(dir_ / "link" / "new" / "x.h5", "the masks", "x.tif");
    claims_.write(dir_ / "sub" / "new" / "deeper" / ".." / "x.h5", "the collection (--collect)");
    EXPECT_NE(clash(), "");
}

TEST_F(ClaimedPathsTest, ALinkClashesWithWhatItLeadsTo) {
    fs::create_symlink("sub/later.h5", dir_ / "hop");
    fs::create_symlink("hop", dir_ / "first");
    for (const char* name : {"hop", "sub/later.h5", "first"}) {
        ClaimedPaths claims(heeds_case);
        claims.read(dir_ / "first", "an input");
        claims.write(dir_ / name, "the masks", "x.tif");
        EXPECT_THROW(claims.refuse_clashes(), Error) << name;
    }
    // Round and round.
    fs::create_symlink("loop", dir_ / "loop");
    claims_.write(dir_ / "loop", "the log", "loop.tif");
    EXPECT_EQ(clash(), "");
}

TEST_F(ClaimedPathsTest, AnotherNameOfAnInputIsNotWritten) {
    fs::create_hard_link(dir_ / "a.tif", dir_ / "a_vSM.tif");
    claims_.read(dir_ / "a.tif", "an input");
    claims_.write(dir_ / "a_vSM.tif", "the masks", "a.tif");
    EXPECT_NE(clash(), "");
}

/// As tools leave them that save room: each is replaced by a file of its own.
TEST_F(ClaimedPathsTest, ResultsMayBeNamesOfOneFile) {
    fs::create_hard_link(dir_ / "a.tif", dir_ / "b.tif");
    claims_.write(dir_ / "a.tif", "the log", "x");
    claims_.write(dir_ / "b.tif", "the log", "y");
    EXPECT_EQ(clash(), "");
}

TEST_F(ClaimedPathsTest, CapitalsCountWhereTheFolderSaysSo) {
    claims_.write(dir_ / "a_vSM.log", "the log", "a.tif");
    claims_.write(dir_ / "A_vSM.log", "the log", "A.tif");
    EXPECT_EQ(clash(), "");
}

/// Takes all letters of a folder for one case.
class WithoutCase : public ClaimsIn {
  protected:
    WithoutCase() : ClaimsIn([](const fs::path& /*folder*/) { return true; }) {}
};

TEST_F(WithoutCase, CapitalsMakeNoOtherFile) {
    claims_.write(dir_ / "é_vSM.log", "the log", "é.tif");
    claims_.write(dir_ / "É_vSM.LOG", "the log", "É.tif");
    EXPECT_NE(clash().find("é.tif and É.tif would both be written to"), std::string::npos);
}

TEST_F(WithoutCase, NorDoThoseOfFoldersThatAreNotThereYet) {
    claims_.write(dir_ / "Out" / "a.log", "the log", "a.tif");
    claims_.write(dir_ / "out" / "A.log", "the log", "A.tif");
    EXPECT_NE(clash(), "");
}

TEST(FolderRules, LettersOfAllScriptsHaveACase) {
    EXPECT_EQ(without_case("MoVie_É_Ж.TIF"), "movie_é_ж.tif");
    EXPECT_EQ(without_case("\xff\xfe"
                           "A\xc3"),
              "\xff\xfe"
              "a\xc3");
    EXPECT_EQ(without_case(std::string("A\0B", 3)), std::string("a\0b", 3));
    EXPECT_EQ(without_case(""), "");
}

TEST(FolderRules, AFolderOfThisMachineIsAsItTurnsOutToBe) {
    const test::TempDir folder;
    for (const bool empty : {true, false}) {
        if (!empty) write_file(folder / "Some", "x");
        const bool said = ignores_case(folder.path());
        write_file(folder / "probe", "x");
        EXPECT_EQ(said, fs::exists(folder / "PROBE")) << empty;
        fs::remove(folder / "probe");
    }
    // Two names, one file: still two names.
    fs::create_hard_link(folder / "Some", folder / "sOME");
    EXPECT_FALSE(ignores_case(folder.path()));
}

TEST(FolderRules, TheLongestNameIsThatOfTheFolderAboveWhereNoneIsThereYet) {
    const test::TempDir folder;
    const std::size_t most = longest_name(folder.path());
    EXPECT_NO_THROW(write_file(folder / std::string(most, 'a'), "x"));
    EXPECT_TRUE(fs::exists(folder / std::string(most, 'a')));
    EXPECT_EQ(longest_name(folder / "not" / "there"), most);
    EXPECT_EQ(longest_name(""), longest_name(fs::current_path()));
}

}  // namespace
}  // namespace cytofleet
