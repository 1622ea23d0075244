// The program's verbs. Each returns an exit code; what people read goes to standard output, what
// went wrong and how far it is to standard error.
#pragma once

#include <string>
#include <vector>

#include "pipeline/run_options.hpp"

namespace cytofleet {

/// Finds the verb, runs it, and turns whatever is thrown into one line and an exit code. `argc` and
/// `argv` go to MPI.
int run_program(const std::vector<std::string>& arguments, int& argc, char**& argv);

int run_command(const std::vector<std::string>& arguments, int& argc, char**& argv);
int doctor_command(const std::vector<std::string>& arguments, int& argc, char**& argv);
int plan_command(const std::vector<std::string>& arguments);
int status_command(const std::vector<std::string>& arguments);
int verify_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int models_command(const std::vector<std::string>& arguments);
/// What a run with these options would do, on standard output. Returns the exit code.
int show_plan(const RunOptions& options, int ranks);
/// The text of --version: build, libraries, instruction sets.
std::string version_text();

}  // namespace cytofleet
