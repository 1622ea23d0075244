// The program's verbs. Each returns an exit code; what people read goes to standard output, what
// went wrong and how far it is to standard error.
#pragma once

#include <string>
#include <vector>

namespace cytofleet {

/// Finds the verb, runs it, and turns whatever is thrown into one line and an exit code. `argc` and
/// `argv` go to MPI.
int run_program(const std::vector<std::string>& arguments, int& argc, char**& argv);

int run_command(const std::vector<std::string>& arguments, int& argc, char**& argv);
int inspect_command(const std::vector<std::string>& arguments);
int models_command(const std::vector<std::string>& arguments);
/// The text of --version: build, libraries, instruction sets.
std::string version_text();

}  // namespace cytofleet
