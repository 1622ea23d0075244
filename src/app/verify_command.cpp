#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/folder_arguments.hpp"
#include "app/terminal.hpp"
#include "base/text.hpp"
#include "report/verify.hpp"

namespace cytofleet {
namespace {

constexpr const char* help =
    "Usage: cytofleet verify [DIR]\n\n"
    "Reads every result in DIR (default: here) that runs have written down and compares it with "
    "its\n"
    "checksum. Exit code 1 when one is damaged or gone; each is named.\n";

}  // namespace

int verify_command(const std::vector<std::string>& arguments) {
    const FolderArguments given = folder_arguments("verify", arguments);
    if (given.help) {
        print_text(help);
        return 0;
    }
    const Verification found = verify_outputs(given.folder);
    for (const std::string& problem : found.problems) print_shown("damaged: {}\n", problem);
    print_shown("{}, {} read: {}\n", count_of(static_cast<std::uint64_t>(found.outputs), "output"),
                human_bytes(found.bytes),
                found.problems.empty() ? "all as they were written"
                                       : fmt::format("{} damaged or gone", found.problems.size()));
    return found.problems.empty() ? 0 : 1;
}

}  // namespace cytofleet
