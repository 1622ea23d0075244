#include "io/hdf5/handle.hpp"

#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet::hdf5 {
namespace {

/// Where HDF5's own story starts: the deepest of its messages.
std::string deepest_message() {
    std::string text;
    const auto take_first = [](unsigned number, const H5E_error2_t* error, void* out) -> herr_t {
        if (number == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
    };
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &text);
    return printable(text);
}

int error_number(std::string_view message) {
    constexpr std::string_view mark = "errno = ";
    const std::size_t at = message.find(mark);
    int number = 0;
    if (at != std::string_view::npos)
        std::from_chars(message.data() + at + mark.size(), message.data() + message.size(), number);
    return number;
}

std::string remedy(const std::string& message) {
    const std::string small = lower(message);
    switch (error_number(message)) {
        case ENOSPC:
        case EDQUOT:
            return "the disk is full; free space and run again";
        case EFBIG:
            return "the file system takes no file this large; choose another --output-dir";
        case EROFS:
            return "the file system is read-only; choose another --output-dir";
        case EACCES:
        case EPERM:
            return "no permission";
        case ENOENT:
            return "there is no such file";
        default:
            break;
    }
    // MPI-IO has no numbers, but names: MPI_ERR_NO_SPACE, MPI_ERR_QUOTA.
    if (small.find("no space") != std::string::npos || small.find("quota") != std::string::npos)
        return "the disk is full; free space and run again";
    // HDF5's longer messages hold the time and addresses.
    return fmt::format("HDF5 says \"{}\"; check the disk and write the file again",
                       message.substr(0, message.find(": time = ")));
}

}  // namespace

Calls::Calls(ErrorKind kind, std::filesystem::path file) : kind_(kind), file_(std::move(file)) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void Calls::fail(std::string_view action) const {
    throw Error(kind_, fmt::format("{}: {}: {}", show(file_), action, remedy(deepest_message())));
}

void Calls::refuse(std::string_view reason) const {
    throw Error(kind_, fmt::format("{}: {}", show(file_), reason));
}

}  // namespace cytofleet::hdf5
