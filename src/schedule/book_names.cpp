#include "schedule/book_names.hpp"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// Symbolic links resolved as far as the path exists.
fs::path in_full(const fs::path& path) {
    const fs::path& some = path.empty() ? fs::path(".") : path;
    std::error_code failed;
    fs::path out = fs::weakly_canonical(fs::absolute(some, failed), failed);
    return failed ? some : out;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c > ' ' && c < 0x7f && c != '%')
            out += c;
        else
            out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

BookNames::BookNames(const fs::path& home) : home_(home), home_in_full_(in_full(home)) {}

std::string BookNames::name_of(const fs::path& file) {
    if (folder_from_home_.empty() || file.parent_path() != folder_) {
        folder_ = file.parent_path();
        folder_from_home_ = in_full(folder_).lexically_proximate(home_in_full_);
    }
    return escaped((folder_from_home_ / file.filename()).lexically_normal().native());
}

fs::path BookNames::file_of(const std::string& name) const {
    return (home_ / unescaped(name)).lexically_normal();
}

bool BookNames::stays_inside(const std::string& name) {
    const fs::path path = fs::path(unescaped(name)).lexically_normal();
    return path.is_relative() && !path.empty() && *path.begin() != ".." &&
           path.native().find('\0') == std::string::npos;
}

}  // namespace cytofleet
