#include "support/parity.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace cytofleet::test {

std::vector<ParityLine>& parity_lines() {
    static std::vector<ParityLine> lines;
    return lines;
}

void expect_parity(ParityLine line) {
    EXPECT_LE(line.difference, line.bar) << line.name << ": " << line.what;
    parity_lines().push_back(std::move(line));
}

}  // namespace cytofleet::test
