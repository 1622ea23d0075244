#include "report/png.hpp"

#include <filesystem>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "report/picture_file.hpp"
#include "support/files.hpp"

namespace cytofleet::test {
namespace {

TEST(Png, IsReadBack) {
    const TempDir folder;
    for (const auto& [height, width] : {std::pair{1, 1}, {1, 300}, {77, 1}, {13, 29}}) {
        Picture picture(height, width, 0);
        for (std::size_t i = 0; i < picture.rgb.size(); ++i)
            picture.rgb[i] = static_cast<std::uint8_t>(i * 37 + i / 256);
        write_png(folder / "a b.png", picture);
        const Picture got = read_png(folder / "a b.png");
        EXPECT_EQ(got.height, height);
        EXPECT_EQ(got.width, width);
        EXPECT_EQ(got.rgb, picture.rgb);
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Png, RowsAndColoursStandWhereTheyShould) {
    Picture picture(2, 3, 9);
    picture.at(1, 2)[0] = 255;
    EXPECT_EQ(picture.rgb[(1 * 3 + 2) * 3], 255);
    const TempDir folder;
    write_png(folder / "x.png", picture);
    EXPECT_EQ(read_png(folder / "x.png").at(1, 2)[0], 255);
    EXPECT_EQ(read_png(folder / "x.png").at(1, 2)[1], 9);
}

TEST(Png, AFolderThatIsNotThereIsNamed) {
    const TempDir folder;
    const auto path = folder / "none" / "x.png";
    try {
        write_png(path, Picture(1, 1, 0));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::output);
        EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    }
}

}  // namespace
}  // namespace cytofleet::test
