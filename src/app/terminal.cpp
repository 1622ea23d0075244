#include "app/terminal.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace cytofleet {

void print_text(std::string_view text, std::FILE* stream) {
    write_message(stream, printable_lines(text));
}

}  // namespace cytofleet
