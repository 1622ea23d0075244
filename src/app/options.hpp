// The command line of `cytofleet run`, turned into checked settings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "pipeline/run_options.hpp"

namespace cytofleet {

/// What the command line says about this run on this machine, besides the run itself.
struct RunCommand {
    RunOptions run;
    std::optional<int> threads;  ///< absent: the cores of this rank's share
    bool dry_run = false;
    bool help = false;
};

/// Throws Error{usage} naming the option, what is wrong with it and what it takes.
RunCommand parse_run(const std::vector<std::string>& arguments);

/// The text of `cytofleet run --help`.
std::string run_help();

}  // namespace cytofleet
