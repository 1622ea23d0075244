// Images whose axes are mistaken are refused by name instead of giving an empty result.
#include <string>

#include <gtest/gtest.h>

#include "io/tiff_bytes.hpp"
#include "pipeline/catalogue.hpp"
#include "support/files.hpp"

namespace cytofleet {
namespace {

// 40 pages of `width` x 64 bytes.
std::string pages(std::uint32_t width) {
    test::Bytes file;
    file.text("II").u16(42).u32(8);
    constexpr std::uint32_t directory = 2 + 8 * 12 + 4;
    for (std::uint32_t i = 0; i < 40; ++i) {
        const std::uint32_t strip = file.size() + directory;
        test::add_directory(file, width, 64, strip, i == 39 ? 0 : strip + width * 64);
        file.text(std::string(width * 64U, 'x'));
    }
    return file.get();
}

TEST(Implausible, ManyNarrowFramesAreRefusedUnlessTheUserSaysWhatTheyAre) {
    const test::TempDir dir;
    test::write_file(dir / "last.tif", pages(3));
    test::write_file(dir / "movie.tif", pages(64));
    RunOptions options;
    options.inputs = {dir.path()};
    const Catalogue found = make_catalogue({dir / "last.tif", dir / "movie.tif"}, options);
    EXPECT_EQ(found.jobs.size(), 1U);
    ASSERT_EQ(found.bad.size(), 1U);
    EXPECT_NE(found.bad[0].reason.find("--axes YXC"), std::string::npos) << found.bad[0].reason;
    options.reader.axes = "YXC";
    const Catalogue mended = make_catalogue({dir / "last.tif"}, options);
    ASSERT_EQ(mended.jobs.size(), 1U);
    EXPECT_EQ(mended.scene(mended.jobs[0]).y, 40);
    EXPECT_EQ(mended.scene(mended.jobs[0]).x, 64);
    EXPECT_EQ(mended.scene(mended.jobs[0]).c, 3);
    options.reader.axes = "T";
    EXPECT_EQ(make_catalogue({dir / "last.tif"}, options).jobs.size(), 1U);
}

}  // namespace
}  // namespace cytofleet
