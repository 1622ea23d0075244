// Small checkpoints cut at every byte and changed at every byte: a state dict or one line, no
// crash.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/files.hpp"
#include "support/golden.hpp"
#include "weights/refused.hpp"
#include "weights/state_dict.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::accepts;

/// The fuzzers' seeds and what they found: small files of both formats.
std::vector<fs::path> corpus(const std::string& target) {
    std::vector<fs::path> out;
    const fs::path root = fs::path(CYTOFLEET_SOURCE) / "tests" / "fuzz" / "corpus" / target;
    for (const auto& entry : fs::directory_iterator(root)) out.push_back(entry.path());
    EXPECT_FALSE(out.empty()) << root;
    return out;
}

/// From a copy of just this size, so that a sanitizer sees a step beyond it.
bool reads(const std::string& bytes) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    return accepts([&] { read_state_dict(std::as_bytes(std::span(exact))); });
}

TEST(Hostile, SeedsOfTheFuzzersRead) {
    int zips = 0;
    int legacies = 0;
    for (const fs::path& path : corpus("checkpoint")) {
        const std::string name = path.filename();
        const bool is_zip = name.ends_with("_zip") || name.ends_with("_deflated");
        const bool is_legacy = name.ends_with("_legacy");
        const bool good = reads(test::read_file(path));
        if (!is_zip && !is_legacy) continue;
        EXPECT_TRUE(good) << path;
        (is_zip ? zips : legacies) += 1;
    }
    EXPECT_GE(zips, 5);
    EXPECT_GE(legacies, 4);
}

TEST(Hostile, NoTruncatedZipReads) {
    for (const fs::path& path : corpus("checkpoint")) {
        const std::string whole = test::read_file(path);
        if (!whole.starts_with("PK\x03\x04")) continue;
        for (std::size_t size = 0; size < whole.size(); ++size)
            ASSERT_FALSE(reads(whole.substr(0, size))) << path << " cut at " << size;
    }
}

TEST(Hostile, NoTruncatedLegacyFileReads) {
    for (const fs::path& path : corpus("checkpoint")) {
        const std::string whole = test::read_file(path);
        if (!path.filename().string().ends_with("_legacy")) continue;
        for (std::size_t size = 0; size < whole.size(); ++size)
            ASSERT_FALSE(reads(whole.substr(0, size))) << path << " cut at " << size;
    }
}

TEST(Hostile, EveryChangedByteIsReadOrRefused) {
    for (const fs::path& path : corpus("checkpoint")) {
        const std::string whole = test::read_file(path);
        for (std::size_t i = 0; i < whole.size(); ++i) {
            for (const unsigned flip : {0x01U, 0x20U, 0x80U, 0xffU}) {
                std::string changed = whole;
                changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
                reads(changed);
            }
        }
    }
}

TEST(Hostile, CpsamLikeCutAnywhereIsRefused) {
    const fs::path path = test::oracle() / "models" / "bad" / "cpsam_like";
    const std::string whole = test::read_file(path);
    for (std::size_t size = 0; size <= whole.size(); ++size)
        ASSERT_FALSE(reads(whole.substr(0, size))) << size;
}

}  // namespace
}  // namespace cytofleet
