#include <filesystem>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "models/registry.hpp"

namespace cytofleet {
namespace {

int list_models(const std::filesystem::path& folder) {
    print_shown("{:<16} {:>9}  {}\n", "name", "diameter", "file");
    for (const BuiltInModel& model : built_in_models()) {
        std::string where;
        try {
            where = show(find_model(std::string(model.name), folder).file);
        } catch (const Error&) {
            where = "not found: " + std::string(model.file);
        }
        print_shown("{:<16} {:>9}  {}\n", model.name, model.diam_mean, where);
    }
    print_shown("{:<16} {:>9}  {}\n", "demo", "own", "comes with the program");
    print_shown(
        "\nLooked for in --model-dir, else $CELLPOSE_LOCAL_MODELS_PATH, else "
        "~/.cellpose/models.\n");
    return 0;
}

int show_model(const std::string& name) {
    const ModelInfo info = inspect_model(find_model(name, {}).file);
    if (const auto note = file_not_taken(name); !note.empty()) print_shown("note: {}\n", note);
    print_shown("{}\n", info.file);
    print_shown("  network      Cellpose 3, channels {}\n",
                fmt::format("{}", fmt::join(info.channels, " ")));
    print_shown("  parameters   {} ({})\n", info.parameters, info.element_types);
    const std::string_view stored = info.diameters_stored ? "" : " (not in the file)";
    print_shown("  diam_mean    {:.6g} px: cells are scaled to this diameter{}\n", info.diam_mean,
                stored);
    print_shown("  diam_labels  {:.6g} px: the diameter of run unless --diameter is given{}\n",
                info.diam_labels, stored);
    print_shown("  format       {}\n", info.format);
    print_shown("  SHA-256      {}\n", info.sha256);
    for (const auto& tensor : info.unused) print_shown("  not used     {}\n", tensor);
    return 0;
}

}  // namespace

int models_command(const std::vector<std::string>& arguments) {
    if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
        print_shown(
            "Usage: cytofleet models list [--model-dir DIR]\n"
            "       cytofleet models info MODEL\n\n"
            "list: the built-in models and where their files are; info: what a checkpoint file or\n"
            "a built-in model holds.\n");
        return 0;
    }
    if (arguments.size() == 2 && arguments[0] == "info") return show_model(arguments[1]);
    if (arguments.size() == 1 && arguments[0] == "list") return list_models({});
    if (arguments.size() == 3 && arguments[0] == "list" && arguments[1] == "--model-dir")
        return list_models(arguments[2]);
    throw Error(ErrorKind::usage,
                "models takes: list [--model-dir DIR], or info MODEL (a file or a name)");
}

}  // namespace cytofleet
