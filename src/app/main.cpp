#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "comm/communicator.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return cytofleet::run_program(arguments, argc, argv);
}
