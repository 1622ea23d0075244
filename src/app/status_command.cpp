#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/folder_arguments.hpp"
#include "app/terminal.hpp"
#include "report/run_status.hpp"

namespace cytofleet {
namespace {

constexpr const char* help =
    "Usage: cytofleet status [--json] [--share-books] [DIR]\n\n"
    "Says how far the runs are whose results are in DIR (default: here), while they are at work "
    "and\n"
    "afterwards: frames, cells, who works or died, and which frames were given up and why. It "
    "reads the\n"
    "runs' journals only and disturbs nobody. Of books, what their owner wrote counts; with\n"
    "--share-books what others wrote there too.\n";

}  // namespace

int status_command(const std::vector<std::string>& arguments) {
    const FolderArguments given = folder_arguments("status", arguments);
    if (given.help) {
        print_text(help);
        return 0;
    }
    const auto runs = status_of(given.folder, given.share_books);
    if (given.json) {
        print_text(status_json(runs));
        return 0;
    }
    for (const RunStatus& run : runs) print_text(status_text(run));
    return 0;
}

}  // namespace cytofleet
