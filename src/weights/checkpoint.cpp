#include "weights/checkpoint.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "weights/refusal.hpp"
#include "weights/state_dict.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// More than three times the largest network published for Cellpose or Segment Anything.
constexpr std::uintmax_t largest_file = 8'000'000'000;

struct FileBytes {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
    std::span<const std::byte> bytes() const { return {data.get(), size}; }
};

std::size_t checked_size(const fs::path& path) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (status.type() == fs::file_type::not_found)
        throw Error(ErrorKind::model, "there is no such file: check the model's name or path");
    if (status.type() == fs::file_type::directory)
        throw Error(ErrorKind::model, "is a folder: name the model file inside it");
    if (!failure && status.type() != fs::file_type::regular)
        throw Error(ErrorKind::model, "is no regular file: name a model file");
    const std::uintmax_t size = failure ? 0 : fs::file_size(path, failure);
    if (failure)
        throw Error(ErrorKind::model, fmt::format("cannot be looked at ({}): check its permissions",
                                                  failure.message()));
    if (size > largest_file)
        throw Error(
            ErrorKind::model,
            fmt::format("has {}, more than any network: name a model file", human_bytes(size)));
    return size;
}

/// The whole file in memory. Not mapped: a file that another process cuts short would then kill
/// this one.
FileBytes read_file(const fs::path& path) {
    FileBytes out;
    out.size = checked_size(path);
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
    if (!file)
        throw Error(ErrorKind::model, fmt::format("cannot be opened ({}): check its permissions",
                                                  std::strerror(errno)));
    out.data = std::make_unique_for_overwrite<std::byte[]>(out.size);
    if (std::fread(out.data.get(), 1, out.size, file.get()) != out.size)
        throw Error(ErrorKind::model, "cannot be read to its end: check the disk and try again");
    return out;
}

}  // namespace

Checkpoint Checkpoint::load(const fs::path& path) {
    try {
        const FileBytes file = read_file(path);
        StateDict dict = read_state_dict(file.bytes());
        Sha256 hash;
        hash.update(file.bytes());
        Checkpoint out;
        out.path_ = path;
        out.sha256_ = hash.hex();
        out.format_ = std::move(dict.format);
        out.tensors_ = std::move(dict.tensors);
        out.integers_ = std::move(dict.integers);
        out.stored_types_ = std::move(dict.stored_types);
        return out;
    } catch (const Error& error) {
        // Only ByteReader throws another kind, and it knows no advice.
        const std::string what =
            error.kind() == ErrorKind::model ? error.what() : damaged(error.what()).what();
        throw Error(ErrorKind::model, fmt::format("{}: {}", show(path), what));
    }
}

}  // namespace cytofleet
