// Any bytes as the name that books give a file: inside their folder or not, and never else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "schedule/book_names.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fs = std::filesystem;
    const std::string name(reinterpret_cast<const char*>(data), size);
    const fs::path home = "/nowhere/home";
    cytofleet::BookNames names(home);
    const fs::path file = names.file_of(name);
    const auto [end, rest] = std::mismatch(home.begin(), home.end(), file.begin(), file.end());
    const bool inside = end == home.end() && std::find(rest, file.end(), "..") == file.end();
    if (cytofleet::BookNames::stays_inside(name) && !inside) std::abort();
    // A file's own name leads back to it.
    if (inside && file.has_filename() && file.native().find('\0') == std::string::npos &&
        file.native().size() < 200) {
        const std::string own = names.name_of(file);
        if (!cytofleet::BookNames::stays_inside(own) || names.file_of(own) != file) std::abort();
    }
    return 0;
}
