#include <algorithm>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/process.hpp"
#include "comm/communicator.hpp"

int main(int argc, char** argv) {
    cytofleet::prepare_process();
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    if (!arguments.empty() && arguments.front() == "run")
        cytofleet::let_waiting_threads_sleep(argv);
    return cytofleet::run_program(arguments, argc, argv);
}
