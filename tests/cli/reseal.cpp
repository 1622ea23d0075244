// What anybody who may write in a folder can do to a journal: lines from standard input, without
// their checksums, get checksums that fit.
#include <iostream>
#include <span>
#include <string>

#include <fmt/format.h>

#include "base/hash.hpp"

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto sum = cytofleet::checksum(std::as_bytes(std::span(line)));
        fmt::print("{},\"sum\":\"{:016x}\"}}\n", line, sum);
    }
    return 0;
}
