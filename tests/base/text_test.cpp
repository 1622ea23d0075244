#include "base/text.hpp"

#include <algorithm>

#include <gtest/gtest.h>

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

TEST(NaturalLess, ComparesDigitsByValue) {
    std::vector<std::string> names{"s10", "s9", "s009", "s1a", "s1", "a"};
    std::ranges::sort(names, natural_less);
    EXPECT_EQ(names, (std::vector<std::string>{"a", "s1", "s1a", "s009", "s9", "s10"}));
    EXPECT_FALSE(natural_less("s1", "s1"));
    EXPECT_TRUE(natural_less("99999999999999999999998", "99999999999999999999999"));
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
