#include "io/tiff/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace cytofleet {

void refuse(const std::filesystem::path& path, const std::string& problem) {
    throw Error(ErrorKind::input, show(path) + ": " + problem);
}

InputFile::InputFile(std::filesystem::path path, const Route& route)
    : path_(std::move(path)), descriptor_(open_regular(path_, route)) {
    if (descriptor_ < 0) {
        const int code = errno;
        if (code == EINVAL) refuse(path_, "is not a regular file; name an image file");
        if (code == EPERM && route.links != Links::all)
            refuse(path_,
                   "is a link that another user has made than the one whose file it leads "
                   "to; name the file itself, or copy it");
        if (code == ENOTDIR && !route.below.empty())
            refuse(
                path_,
                "lies behind a link that was a folder when it was found; ask who has changed it, "
                "and run again");
        const char* const remedy =
            code == ENOENT ? "check the name and the folder" : "check its permissions";
        refuse(path_, "cannot be opened (" + std::string(std::strerror(code)) + "): " + remedy);
    }
    struct stat status {};
    size_ = ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

InputFile::~InputFile() {
    ::close(descriptor_);
}

std::size_t InputFile::read_some(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return 0;
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (read_some(offset, out) != out.size()) {
        refuse(path_, "is cut off: " + std::to_string(out.size()) + " bytes at offset " +
                          std::to_string(offset) + " are missing; copy the file again");
    }
}

}  // namespace cytofleet
