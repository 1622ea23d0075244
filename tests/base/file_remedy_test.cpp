#include "base/file_remedy.hpp"

#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

namespace cytofleet {
namespace {

TEST(FileRemedy, SaysWhatToDo) {
    for (const int error : {ENOSPC, EDQUOT})
        EXPECT_EQ(file_remedy(error), "the disk is full; free space and run again");
    EXPECT_EQ(file_remedy(EFBIG),
              "the file system takes no file this large; choose another --output-dir");
    EXPECT_EQ(file_remedy(EROFS), "the file system is read-only; choose another --output-dir");
    for (const int error : {EACCES, EPERM})
        EXPECT_EQ(file_remedy(error), "no permission; choose another --output-dir");
    EXPECT_EQ(file_remedy(ENOENT), "the folder is gone; was it removed during the run?");
    EXPECT_EQ(file_remedy(EIO), std::strerror(EIO));
}

}  // namespace
}  // namespace cytofleet
