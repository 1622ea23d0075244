// parity_table: runs the golden tests and prints, for each case, its largest difference from
// Python. Exit code 1 when anything misses its bar.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "support/parity.hpp"

namespace cytofleet::test {
namespace {

/// Only what went wrong: the table tells the rest.
class FailurePrinter : public testing::EmptyTestEventListener {
    void OnTestStart(const testing::TestInfo& test) override {
        name_ = fmt::format("{}.{}", test.test_suite_name(), test.name());
    }
    void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.failed()) fmt::print(stderr, "{}: {}\n", name_, result.message());
    }
    std::string name_;
};

/// Comparisons of one case that have one bar.
struct Row {
    std::string name;
    std::string what;
    double difference = 0;
    double bar = 0;
    bool passed = true;
};

std::vector<Row> rows_of(const std::vector<ParityLine>& lines) {
    std::vector<Row> rows;
    std::map<std::tuple<std::string, double, bool>, std::size_t> known;
    for (const ParityLine& line : lines) {
        const auto [at, added] =
            known.try_emplace({line.name, line.bar, line.passed()}, rows.size());
        if (added) rows.push_back({line.name, line.what, line.difference, line.bar, line.passed()});
        Row& row = rows[at->second];
        if (!added) row.what += ", " + line.what;
        row.difference = std::max(row.difference, line.difference);
    }
    return rows;
}

/// "end_to_end" of "end_to_end/blobs".
std::string group_of(const std::string& name) {
    return name.substr(0, name.find('/'));
}

std::string difference_text(const Row& row) {
    if (row.difference == 0) return "equal";
    return row.bar == 0 ? fmt::format("{:.0f} differ", row.difference)
                        : fmt::format("{:.1e}", row.difference);
}

void print_row(const Row& row) {
    fmt::print("{:<44} {:>10} {:>8}  {:<6}  {}\n", row.name, difference_text(row),
               row.bar == 0 ? "equal" : fmt::format("{:.0e}", row.bar),
               row.passed ? "ok" : "MISSED", row.what);
}

void print_summary(const std::vector<ParityLine>& lines, const std::string& group) {
    std::set<std::string> names;
    std::size_t compared = 0;
    std::size_t equal = 0;
    std::size_t missed = 0;
    for (const ParityLine& line : lines) {
        if (group_of(line.name) != group) continue;
        names.insert(line.name);
        ++compared;
        if (line.difference == 0) ++equal;
        if (!line.passed()) ++missed;
    }
    fmt::print("{:<44} {:>4} cases {:>5} arrays {:>5} equal {:>5} missed\n", group, names.size(),
               compared, equal, missed);
}

/// True when something was compared and nothing missed its bar.
bool print_table(const std::vector<ParityLine>& lines) {
    fmt::print("{:<44} {:>10} {:>8}  {:<6}  {}\n", "case", "largest", "bar", "", "compared");
    std::vector<Row> rows = rows_of(lines);
    std::vector<std::string> groups;
    for (const Row& row : rows)
        if (std::ranges::find(groups, group_of(row.name)) == groups.end())
            groups.push_back(group_of(row.name));
    std::ranges::sort(groups);
    std::ranges::stable_sort(rows, {}, &Row::name);
    for (const Row& row : rows) print_row(row);
    fmt::print("\n");
    for (const std::string& group : groups) print_summary(lines, group);
    return !lines.empty() && std::ranges::all_of(lines, &ParityLine::passed);
}

}  // namespace
}  // namespace cytofleet::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, "*.Golden*");
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new cytofleet::test::FailurePrinter);
    const int failed = RUN_ALL_TESTS();
    const bool good = cytofleet::test::print_table(cytofleet::test::parity_lines());
    return failed == 0 && good ? 0 : 1;
}
