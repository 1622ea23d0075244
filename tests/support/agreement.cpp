#include "support/agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cytofleet::test {
namespace {

struct Pair {
    std::uint32_t expected;
    std::uint32_t got;
    double iou;
};

}  // namespace

double Agreement::distance() const {
    if (pixels == 0) return 0;
    const auto wanted = static_cast<double>(expected);
    const double counts =
        expected == got ? 0 : std::abs(static_cast<double>(got) - wanted) / std::max(wanted, 1.0);
    return std::max({1 - precision, 1 - iou, counts, std::numeric_limits<double>::epsilon()});
}

Agreement agreement(std::span<const std::uint32_t> expected, std::span<const std::uint32_t> got) {
    if (expected.size() != got.size())
        throw std::runtime_error("label images of two sizes cannot be compared");
    Agreement out;
    std::map<std::uint32_t, double> expected_area;
    std::map<std::uint32_t, double> got_area;
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> overlap;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (expected[i] != got[i]) ++out.pixels;
        if (expected[i] != 0) ++expected_area[expected[i]];
        if (got[i] != 0) ++got_area[got[i]];
        if (expected[i] != 0 && got[i] != 0) ++overlap[{expected[i], got[i]}];
    }
    std::vector<Pair> pairs;
    for (const auto& [labels, area] : overlap) {
        const double whole = expected_area[labels.first] + got_area[labels.second] - area;
        if (area / whole >= 0.5) pairs.push_back({labels.first, labels.second, area / whole});
    }
    std::ranges::stable_sort(pairs, std::ranges::greater{}, &Pair::iou);
    std::set<std::uint32_t> used_expected;
    std::set<std::uint32_t> used_got;
    double sum = 0;
    for (const Pair& pair : pairs) {
        if (used_expected.contains(pair.expected) || used_got.contains(pair.got)) continue;
        used_expected.insert(pair.expected);
        used_got.insert(pair.got);
        sum += pair.iou;
    }
    out.expected = static_cast<std::int64_t>(expected_area.size());
    out.got = static_cast<std::int64_t>(got_area.size());
    const auto hits = static_cast<double>(used_got.size());
    const bool nothing = expected_area.empty() && got_area.empty();
    out.precision =
        nothing ? 1
                : hits / (static_cast<double>(out.expected) + static_cast<double>(out.got) - hits);
    out.iou = hits > 0 ? sum / hits : (nothing ? 1 : 0);
    return out;
}

}  // namespace cytofleet::test
