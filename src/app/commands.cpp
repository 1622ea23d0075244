#include "app/commands.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "pipeline/choose_device.hpp"

namespace cytofleet {
namespace {

constexpr int exit_usage = 2;
constexpr int exit_other = 1;

constexpr std::string_view overview =
    "cytofleet finds every cell in every frame of every file: Cellpose 3 without Python, on one "
    "core or a\n"
    "cluster.\n"
    "\n"
    "  cytofleet run --model MODEL INPUT...   segment files and folders\n"
    "  cytofleet plan --model MODEL INPUT...  what run would do: frames, results, memory, disk, "
    "time\n"
    "  cytofleet status [DIR]                 how far runs are, and what was given up\n"
    "  cytofleet verify [DIR]                 results against their checksums\n"
    "  cytofleet doctor [DIR]                 MPI, cores, GPUs, network, disk: what clusters get "
    "wrong\n"
    "  cytofleet inspect FILE                 what a file holds: axes, sizes, channels, pixel "
    "size\n"
    "  cytofleet models list                  the built-in names and where their files are looked "
    "for\n"
    "  cytofleet models info MODEL            what a checkpoint holds: size, diameters, checksum\n"
    "\n"
    "  cytofleet run --help                   all options of run\n"
    "  cytofleet --version                    build, libraries, instruction sets\n";

int dispatch(const std::vector<std::string>& arguments, int& argc, char**& argv) {
    if (arguments.empty()) {
        print_text(overview, stderr);
        return exit_usage;
    }
    const std::string& verb = arguments.front();
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (verb == "run") return run_command(rest, argc, argv);
    if (verb == "doctor") return doctor_command(rest, argc, argv);
    if (verb == "plan") return plan_command(rest);
    if (verb == "status") return status_command(rest);
    if (verb == "verify") return verify_command(rest);
    if (verb == "inspect") return inspect_command(rest);
    if (verb == "models") return models_command(rest);
    if (verb == "--version" || verb == "version") {
        print_text(version_text());
        return 0;
    }
    if (verb == "--help" || verb == "-h" || verb == "help") {
        print_text(overview);
        return 0;
    }
    throw Error(
        ErrorKind::usage,
        fmt::format("{} is no command; there are run, plan, status, verify, doctor, inspect and "
                    "models "
                    "(see cytofleet --help)",
                    printable(verb)));
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, int& argc, char**& argv) {
    try {
        return dispatch(arguments, argc, argv);
    } catch (const Error& error) {
        print_error("error: {}\n", error.what());
        return error.kind() == ErrorKind::usage ? exit_usage : exit_other;
    } catch (const RanksAreSilent& silent) {
        print_error("error: {}\n", silent.what());
        std::_Exit(exit_other);  // MPI's goodbye would wait for them
    } catch (const std::bad_alloc&) {
        print_error("error: memory ran out; use fewer ranks per node or a smaller --batch-size\n");
    } catch (const std::exception& broken) {
        print_error("error: {}; please report this\n", broken.what());
    }
    return exit_other;
}

}  // namespace cytofleet
