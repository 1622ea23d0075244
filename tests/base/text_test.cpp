#include "base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/shown_format.hpp"

namespace cytofleet {
namespace {

TEST(Printable, KeepsUtf8AndShowsOtherBytes) {
    EXPECT_EQ(printable("plain 12"), "plain 12");
    EXPECT_EQ(printable("µm é 細胞 🔬"), "µm é 細胞 🔬");
    EXPECT_EQ(printable(std::string("a\nb\x07")), "a\\x0ab\\x07");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(Printable, ShowsWhatCommandsATerminalOrTurnsLines) {
    EXPECT_EQ(printable("\x1b[2J\x7f\r"), "\\x1b[2J\\x7f\\x0d");
    EXPECT_EQ(printable("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
              "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");  // C1; a no-break space is none
    EXPECT_EQ(printable("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd"),
              "\\xef\\xbf\\xbe\\xef\\xbf\\xbf\xef\xbf\xbd");
    // U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+206F, and their neighbours.
    EXPECT_EQ(printable("\xd8\x9b\xd8\x9c\xd8\x9d"), "\xd8\x9b\\xd8\\x9c\xd8\x9d");
    const auto kept = [](std::string text) { return printable(text) == text; };
    for (int low = 0x80; low < 0xc0; ++low) {
        const bool hidden_80 = low == 0x8e || low == 0x8f || (low >= 0xa8 && low <= 0xae);
        const bool hidden_81 = low >= 0xa6 && low <= 0xaf;
        EXPECT_EQ(kept({'\xe2', '\x80', static_cast<char>(low)}), !hidden_80) << low;
        EXPECT_EQ(kept({'\xe2', '\x81', static_cast<char>(low)}), !hidden_81) << low;
    }
}

TEST(Printable, TwiceIsOnce) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    for (const std::string& text : {all, all + "\xe2\x80\xae\xc2\x9b" + all, std::string()}) {
        EXPECT_EQ(printable(printable(text)), printable(text));
        EXPECT_EQ(printable_lines(printable_lines(text)), printable_lines(text));
    }
}

TEST(Printable, LinesStayLines) {
    EXPECT_EQ(printable_lines("a\n\tb\r\n\x1b"), "a\n\tb\\x0d\n\\x1b");
}

TEST(ShownFormat, OnlyTheFormatBreaksLines) {
    const std::string name = "a\nb\x1b[1m";
    EXPECT_EQ(shown_format("{}: {:>4} {}\n", name, 12, std::filesystem::path(name)),
              "a\\x0ab\\x1b[1m:   12 a\\x0ab\\x1b[1m\n");
    EXPECT_EQ(shown_format("{:<8}|{:.2f}", std::string_view("\x07"), 0.5), "\\x07    |0.50");
    EXPECT_EQ(shown_format("{}", name.c_str()), "a\\x0ab\\x1b[1m");
}

TEST(Log, MessagesAreOneLineThatCommandsNothing) {
    for (const bool live : {false, true}) {
        std::FILE* stream = std::tmpfile();
        ASSERT_NE(stream, nullptr);
        {
            Log log(stream, LogLevel::debug, live);
            log.error("a\nb\x1b[2J");
            log.progress("c\rd\xc2\x9b");
            log.info("e");
        }
        std::rewind(stream);
        std::string text(200, '\0');
        text.resize(std::fread(text.data(), 1, text.size(), stream));
        std::fclose(stream);
        const std::string redraw = "\r\x1b[K";
        EXPECT_EQ(text, "error: a\\x0ab\\x1b[2J\n" + (live ? redraw : "") + "c\\x0dd\\xc2\\x9b" +
                            (live ? redraw : "\n") + "e\n");
    }
}

TEST(NaturalLess, ComparesDigitsByValue) {
    std::vector<std::string> names{"s10", "s9", "s009", "s1a", "s1", "a"};
    std::ranges::sort(names, natural_less);
    EXPECT_EQ(names, (std::vector<std::string>{"a", "s1", "s1a", "s009", "s9", "s10"}));
    EXPECT_FALSE(natural_less("s1", "s1"));
    EXPECT_TRUE(natural_less("99999999999999999999998", "99999999999999999999999"));
}

TEST(RangesOf, JoinsNeighbours) {
    const auto ranges = [](const std::vector<std::int64_t>& numbers) { return ranges_of(numbers); };
    EXPECT_EQ(ranges({}), "");
    EXPECT_EQ(ranges({3}), "3");
    EXPECT_EQ(ranges({0, 1}), "0 to 1");
    EXPECT_EQ(ranges({1, 2, 3, 5}), "1 to 3 and 5");
    EXPECT_EQ(ranges({1, 2, 4, 7, 8, 9}), "1 to 2, 4 and 7 to 9");
    EXPECT_EQ(ranges({0, 2, 4, 6, 8, 10, 12, 14}), "0, 2, 4, 6, 8, 10, 12 and 14");
    EXPECT_EQ(ranges({0, 2, 4, 6, 8, 10, 12, 14, 15, 17, 19}),
              "0, 2, 4, 6, 8, 10, 12, 14 to 15 and 2 more");
}

TEST(HumanBytes, UsesDecimalUnits) {
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1500000000), "1.5 GB");
}

TEST(Split, KeepsEmptyParts) {
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(split("", ','), std::vector<std::string>{""});
}

}  // namespace
}  // namespace cytofleet
