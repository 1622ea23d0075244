// Where the directories of a mask file turn to BigTIFF, read back by libtiff and by our own reader.
#include "io/tiff_layout.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "io/mask_writer.hpp"
#include "io/reader.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t classic_limit = std::uint64_t{1} << 32;

/// Two pages of 5 x 3 labels whose strips end at `end`, with nothing but a hole before them.
void write_sparse(const fs::path& path, std::uint64_t end, bool& big) {
    LabelImage labels{5, 3, {}, 15, 15};
    for (std::uint32_t i = 1; i <= 15; ++i) labels.labels.push_back(i);
    const EncodedPlane plane = encode_plane(labels);
    const auto& strip = plane.strips.at(0);
    std::vector<PageLayout> pages(2);
    for (auto& page : pages) {
        page.height = 5;
        page.width = 3;
        page.bits = 16;
        page.rows_per_strip = plane.rows_per_strip();
        page.offsets = {end - strip.size() - strip.size() % 2};
        page.lengths = {strip.size()};
    }
    const DirectoryBytes tail = make_directories(pages, "words", "software", end);
    big = tail.big;
    std::ofstream file(path, std::ios::binary);
    const auto put = [&](std::uint64_t at, const std::vector<std::byte>& bytes) {
        file.seekp(static_cast<std::streamoff>(at));
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    };
    put(0, tail.header);
    put(pages[0].offsets[0], strip);
    put(end, tail.directories);
}

TEST(TiffLayout, TurnsToBigTiffAtFourGigabytesAndNotBefore) {
    const test::TempDir scratch;
    const struct {
        std::uint64_t end;
        bool big;
    } cases[] = {{1000, false},
                 {std::uint64_t{3} << 30, false},
                 // The strips fit below the limit, the directories do not.
                 {classic_limit - 16, true},
                 {classic_limit, true},
                 {classic_limit + 4096, true}};
    for (const auto& c : cases) {
        const fs::path path = scratch / "sparse.tif";
        bool big = !c.big;
        write_sparse(path, c.end, big);
        EXPECT_EQ(big, c.big) << c.end;
        const auto reader = open_reader(path, {});
        const SceneInfo& scene = reader->info().scenes.at(0);
        EXPECT_EQ(scene.t, 2) << c.end;
        const Image last = reader->read({0, 1, 0, 0, 0});
        ASSERT_EQ(last.bytes.size(), 30U) << c.end;
        EXPECT_EQ(last.bytes[28], std::byte{15}) << c.end;
        fs::remove(path);
    }
}

}  // namespace
}  // namespace cytofleet
