// The only way to standard output and standard error besides Log: nothing printed commands the
// terminal.
#pragma once

#include <cstdio>
#include <string_view>

#include "base/shown_format.hpp"

namespace cytofleet {

/// Text of several lines, with whatever else it holds made printable(). For what has been put
/// together already; names and other people's text belong into print_shown(), which lets no line
/// end of theirs through.
void print_text(std::string_view text, std::FILE* stream = stdout);

/// shown_format(), to standard output.
template <typename... Args>
void print_shown(ShownFormat<Args...> format, const Args&... values) {
    print_text(shown_format<Args...>(format, values...));
}
template <typename... Args>
void print_error(ShownFormat<Args...> format, const Args&... values) {
    print_text(shown_format<Args...>(format, values...), stderr);
}

}  // namespace cytofleet
