#include "weights/zip_reader.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weights/refused.hpp"
#include "weights/zip_text.hpp"

namespace cytofleet {
namespace {

using test::accepts;
using test::bytes_of;
using test::Descriptor;
using test::refusal_of;
using test::zip_file;
using test::ZipEnd;
using test::ZipPart;

std::string contents(const ZipReader& zip, std::string_view name) {
    const ZipEntry* entry = zip.find(name);
    if (entry == nullptr) return "no such entry";
    std::vector<std::byte> room;
    const auto bytes = zip.read(*entry, room);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void read_all(const std::string& file) {
    const ZipReader zip(bytes_of(file));
    std::vector<std::byte> room;
    for (const ZipEntry& entry : zip.entries()) zip.read(entry, room);
}

std::string why_not(const std::vector<ZipPart>& parts, const ZipEnd& end = {}) {
    return refusal_of([&] { read_all(zip_file(parts, end)); });
}

const std::string long_text(5000, 'x');

TEST(ZipReader, ReadsStoredAndDeflatedEntries) {
    const std::string mixed = "the quick brown fox jumps over the lazy dog";
    const std::string file = zip_file(
        {{"a/stored", "hello"}, {"a/deflated", mixed, true}, {"a/empty", ""}, {"e", "", true}});
    const ZipReader zip(bytes_of(file));
    ASSERT_EQ(zip.entries().size(), 4U);
    EXPECT_EQ(contents(zip, "a/stored"), "hello");
    EXPECT_EQ(contents(zip, "a/deflated"), mixed);
    EXPECT_EQ(contents(zip, "a/empty"), "");
    EXPECT_EQ(contents(zip, "e"), "");
    EXPECT_EQ(zip.find("a/none"), nullptr);
}

TEST(ZipReader, ReadsEveryFormOfDataDescriptor) {
    for (const auto kind :
         {Descriptor::plain32, Descriptor::signed32, Descriptor::plain64, Descriptor::signed64}) {
        SCOPED_TRACE(static_cast<int>(kind));
        const std::string file =
            zip_file({{"a", "first", false, kind}, {"b", "second second", true, kind}});
        const ZipReader zip(bytes_of(file));
        EXPECT_EQ(contents(zip, "a"), "first");
        EXPECT_EQ(contents(zip, "b"), "second second");
    }
}

TEST(ZipReader, ReadsZip64FieldsEndRecordAndComment) {
    const ZipEnd end{.zip64 = true, .comment = "a comment PK\x05\x06 that is not the end"};
    const std::string file = zip_file({{.name = "a", .contents = "one", .zip64_fields = true},
                                       {.name = "b", .contents = "two", .zip64_fields = true}},
                                      end);
    const ZipReader zip(bytes_of(file));
    EXPECT_EQ(contents(zip, "a"), "one");
    EXPECT_EQ(contents(zip, "b"), "two");
}

TEST(ZipReader, ReadsAnEmptyZip) {
    const std::string file = zip_file({});
    EXPECT_TRUE(ZipReader(bytes_of(file)).entries().empty());
}

TEST(ZipReader, RefusesAWrongCrc) {
    EXPECT_NE(why_not({{.name = "a", .contents = "x", .crc = 1}}).find("CRC"), std::string::npos);
    EXPECT_NE(why_not({{.name = "a", .contents = "xy", .deflate = true, .crc = 1}}).find("CRC"),
              std::string::npos);
}

TEST(ZipReader, RefusesTheSameNameTwice) {
    EXPECT_NE(why_not({{"a", "1"}, {"a", "2"}}).find("'a' is there twice"), std::string::npos);
}

TEST(ZipReader, RefusesEntriesThatShareBytes) {
    // A whole zip entry as the contents of another one.
    const std::string inner = zip_file({{"in", "data"}});
    const auto message =
        why_not({{"outer", inner}, {.name = "in", .contents = "data", .header = 35}});
    EXPECT_NE(message.find("'in' lies inside another one"), std::string::npos) << message;
}

TEST(ZipReader, RefusesAHeaderThatDisagrees) {
    const std::string disagrees = "does not agree with the directory";
    EXPECT_NE(why_not({{.name = "a", .contents = "x", .own_name = "b"}}).find(disagrees),
              std::string::npos);
    std::string file = zip_file({{"a", "hello"}});
    file[18] = 4;  // the packed size in the entry's own header
    EXPECT_NE(refusal_of([&] { read_all(file); }).find(disagrees), std::string::npos);
    file = zip_file({{"a", "hello", false, Descriptor::signed64}});
    file[31 + 5 + 4] ^= 1;  // the CRC in the descriptor
    EXPECT_NE(refusal_of([&] { read_all(file); }).find(disagrees), std::string::npos);
}

TEST(ZipReader, RefusesEncryptedPatchedAndUnknownMethods) {
    EXPECT_NE(why_not({{.name = "a", .contents = "x", .flags = 1}}).find("encrypted"),
              std::string::npos);
    EXPECT_NE(why_not({{.name = "a", .contents = "x", .flags = 0x20}}).find("patched"),
              std::string::npos);
    EXPECT_NE(why_not({{.name = "a", .contents = "x", .method = 12}}).find("method 12"),
              std::string::npos);
}

TEST(ZipReader, RefusesWrongSizes) {
    const std::string text = "abcabcabcabc";
    for (const std::uint64_t size : {1U, 11U, 13U, 200U}) {
        SCOPED_TRACE(size);
        why_not({{.name = "a", .contents = text, .deflate = true, .size = size}});
    }
    for (const std::uint64_t size : {13U, 200U, 0xffffffU}) {
        SCOPED_TRACE(size);
        why_not({{.name = "a", .contents = text, .size = size}});
    }
}

TEST(ZipReader, RefusesWhatUnpacksToFarMoreThanTheFile) {
    const std::string zeros(1 << 20, '\0');
    const auto message = why_not({{"bomb", zeros, true}});
    EXPECT_NE(message.find("'bomb' claims 1048576 bytes"), std::string::npos) << message;
    // Each alone would pass.
    EXPECT_NE(why_not({{"a", long_text, true}, {"b", long_text, true}, {"c", long_text, true}})
                  .find("too many"),
              std::string::npos);
}

TEST(ZipReader, RefusesALyingEndRecord) {
    const std::vector<ZipPart> parts{{"a", "1"}, {"b", "2"}};
    why_not(parts, {.entries = 1});
    why_not(parts, {.entries = 3});
    why_not(parts, {.entries = 0xffff});
    why_not(parts, {.shift = 1});
    why_not(parts, {.shift = -1});
    why_not(parts, {.disk = 1});
    why_not(parts, {.zip64 = true, .shift = 5});
}

TEST(ZipReader, RefusesAnEntryBeyondTheDirectory) {
    why_not({{.name = "a", .contents = "x", .header = 40}});
    why_not({{.name = "a", .contents = "x", .header = 0x7fffffff}});
}

// Compressed, and short enough to be believed of so small a file.
const std::string ballast = std::string(150, 'y') + "0123456789abcdefghijklmnopqrstuvwxyz";

TEST(ZipReader, RefusesEveryTruncation) {
    const std::string file = zip_file(
        {{"a", "hello", false, Descriptor::signed64}, {"b", ballast, true}}, {.zip64 = true});
    for (std::size_t size = 0; size < file.size(); ++size) {
        SCOPED_TRACE(size);
        // A copy of just this size, so that a sanitizer sees a step beyond it.
        const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        refusal_of([&] { const ZipReader reader(std::as_bytes(std::span(cut))); });
    }
}

TEST(ZipReader, SurvivesEveryChangedByte) {
    const std::string file =
        zip_file({{"a", "hello", false, Descriptor::signed32}, {"b", ballast, true}},
                 {.zip64 = true, .comment = "c"});
    const auto read = [](const std::string& bytes) { read_all(bytes); };
    ASSERT_TRUE(accepts([&] { read(file); }));
    int accepted = 0;
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string changed = file;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            if (accepts([&] { read(changed); })) ++accepted;
        }
    }
    // Dates, versions and attributes mean nothing; contents, names and sizes are never taken
    // wrongly.
    EXPECT_LT(accepted, static_cast<int>(file.size()));
}

}  // namespace
}  // namespace cytofleet
