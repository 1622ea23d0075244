// What holds with and without HDF5.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "io/hdf5/hdf5_labels.hpp"

namespace cytofleet {
namespace {

using Names = std::vector<std::string>;

TEST(Hdf5Names, AreValidAndDifferent) {
    EXPECT_EQ(unique_group_names(Names{"a", "b"}), (Names{"a", "b"}));
    EXPECT_EQ(unique_group_names(Names{"a", "a", "a"}), (Names{"a", "a_2", "a_3"}));
    EXPECT_EQ(unique_group_names(Names{"a", "a", "a_2"}), (Names{"a", "a_3", "a_2"}));
    EXPECT_EQ(unique_group_names(Names{"x/y", "x_y"}), (Names{"x_y", "x_y_2"}));
    EXPECT_EQ(unique_group_names(Names{"", ".", ".."}), (Names{"_", "_.", "_.."}));
    EXPECT_EQ(unique_group_names(Names{"\xff", "µ"}), (Names{"\\xff", "µ"}));
    EXPECT_TRUE(unique_group_names(Names{}).empty());
}

TEST(Hdf5Names, BuildsWithoutSaySo) {
    if (has_hdf5()) {
        EXPECT_EQ(hdf5_library().substr(0, 2), "1.");
        return;
    }
    EXPECT_EQ(hdf5_library(), "not built in");
    try {
        verify_hdf5("a.h5");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_NE(std::string(error.what()).find("built without HDF5"), std::string::npos);
    }
    EXPECT_THROW(Hdf5Writer("a.h5", nullptr), Error);
}

}  // namespace
}  // namespace cytofleet
