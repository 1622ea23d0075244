#include "app/terminal.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {

void print_text(std::string_view text, std::FILE* stream) {
    fmt::print(stream, "{}", printable_lines(text));
}

}  // namespace cytofleet
