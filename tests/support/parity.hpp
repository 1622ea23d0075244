// Comparisons with Python's numbers: each is a check of the running test and a line of
// parity_table.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace cytofleet::test {

/// How far one array is from Python's.
struct ParityLine {
    std::string name;       ///< "stages/many_cells"
    std::string what;       ///< "net_out"
    double difference = 0;  ///< 0: equal
    double bar = 0;         ///< largest difference allowed; 0: must be equal
    bool passed() const { return difference <= bar; }
};

/// Every comparison made so far by this program, in order.
std::vector<ParityLine>& parity_lines();

/// Notes the line, and fails the running test when it misses its bar.
void expect_parity(ParityLine line);

/// Largest absolute difference. Two NaN are equal; another size is infinitely far.
template <typename T>
double largest_difference(std::span<const T> got, std::span<const T> wanted) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (got.size() != wanted.size()) return infinity;
    double largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (std::isnan(got[i]) && std::isnan(wanted[i])) continue;
        const double off = std::abs(static_cast<double>(got[i]) - static_cast<double>(wanted[i]));
        largest = std::isnan(off) ? infinity : std::max(largest, off);
    }
    return largest;
}

/// How many elements differ in any bit. Another size: all of them, and more.
template <typename T>
double differing(std::span<const T> got, std::span<const T> wanted) {
    if (got.size() != wanted.size())
        return static_cast<double>(std::max(got.size(), wanted.size())) + 1;
    std::size_t count = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        if (std::memcmp(&got[i], &wanted[i], sizeof(T)) != 0) ++count;
    return static_cast<double>(count);
}

template <typename T>
void expect_within(const std::string& name, const std::string& what, const std::vector<T>& got,
                   const std::vector<T>& wanted, double bar) {
    expect_parity({name, what, largest_difference<T>(got, wanted), bar});
}

/// Every bit.
template <typename T>
void expect_same(const std::string& name, const std::string& what, const std::vector<T>& got,
                 const std::vector<T>& wanted) {
    expect_parity({name, what, differing<T>(got, wanted), 0});
}

}  // namespace cytofleet::test
