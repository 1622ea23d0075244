// What the user asks the benchmark for.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "gpu/bench/scope.hpp"

namespace cytofleet::bench {

struct Options {
    std::filesystem::path model;  ///< empty: the small one that comes with the program
    std::filesystem::path json;   ///< empty: none
    int device = 0;
    std::set<std::string> parts{"masks", "network", "frames", "convolutions", "movie"};
    Scope scope;
    bool help = false;
};

std::string usage();

/// Throws Error{usage}.
Options read_options(std::span<const char* const> arguments);

}  // namespace cytofleet::bench
