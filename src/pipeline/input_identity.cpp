#include "pipeline/input_identity.hpp"

#include <span>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

std::string state_of(const fs::path& file, bool contents) {
    struct stat state {};
    if (stat(file.c_str(), &state) != 0)
        throw Error(ErrorKind::input,
                    fmt::format("{}: is gone; put it back and run again", show(file)));
    if (contents) return fmt::format("{} {}", state.st_size, sha256_of_file(file));
    return fmt::format("{} {}.{:09}", state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
}

}  // namespace

std::string identify(const FileInfo& input, bool contents) {
    std::error_code failed;
    fs::path path = fs::weakly_canonical(input.path, failed);
    if (failed) path = input.path;
    std::string text = fmt::format("{} {}\n", path.native(), state_of(input.path, contents));
    for (const fs::path& member : input.members)
        if (member != input.path)
            text += fmt::format("{} {}\n", member.filename().native(), state_of(member, contents));
    if (!input.description.empty())
        text += fmt::format("{} {}\n", input.description.filename().native(),
                            state_of(input.description, contents));
    return fmt::format("{:016x}", checksum(std::as_bytes(std::span(text))));
}

}  // namespace cytofleet
