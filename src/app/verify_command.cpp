#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/folder_arguments.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "report/verify.hpp"

namespace cytofleet {
namespace {

constexpr const char* help =
    "Usage: cytofleet verify [--share-books] [DIR]\n\n"
    "Reads every result in DIR (default: here) that runs have written down and compares it with "
    "its\n"
    "checksum; planes are unpacked and their cells counted again. Exit code 1 when one is damaged "
    "or\ngone; each is named. Of books, what their owner wrote counts; with --share-books what "
    "others wrote\nthere too.\n";

}  // namespace

int verify_command(const std::vector<std::string>& arguments) {
    const FolderArguments given = folder_arguments("verify", arguments);
    if (given.help) {
        print_text(help);
        return 0;
    }
    const Verification found = verify_outputs(given.folder, given.share_books);
    for (const std::string& note : found.notes) print_shown("note: {}\n", note);
    for (const std::string& problem : found.problems) print_shown("damaged: {}\n", problem);
    print_shown("{}, {} read: {}\n", count_of(static_cast<std::uint64_t>(found.outputs), "output"),
                human_bytes(found.bytes),
                found.problems.empty() ? "all as they were written"
                                       : fmt::format("{} damaged or gone", found.problems.size()));
    return found.problems.empty() ? 0 : 1;
}

}  // namespace cytofleet
