#include "base/file_remedy.hpp"

#include <cerrno>
#include <cstring>

namespace cytofleet {

std::string file_remedy(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "the disk is full; free space and run again";
        case EFBIG:
            return "the file system takes no file this large; choose another --output-dir";
        case EROFS:
            return "the file system is read-only; choose another --output-dir";
        case EACCES:
        case EPERM:
            return "no permission; choose another --output-dir";
        case ENOENT:
            return "the folder is gone; was it removed during the run?";
        default:
            return std::strerror(error);
    }
}

}  // namespace cytofleet
