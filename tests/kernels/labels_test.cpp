// Measuring, filling, erasing and renumbering labels.
#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/label_planes.hpp"
#include "kernels/labels/fill_holes.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/labels/relabel.hpp"

namespace cytofleet::test {
namespace {

std::vector<LabelBox> measured(const LabelPlane& plane, int threads = 1) {
    return measure_labels({threads}, plane.labels, plane.extent.height, plane.extent.width);
}

LabelPlane filled(LabelPlane plane, int threads = 1) {
    fill_holes({threads}, plane.labels, plane.extent.width, measured(plane));
    return plane;
}

/// Two only where there is work for them.
std::vector<int> threads_for(const LabelPlane& plane) {
    return plane.extent.pixels() > 2000 ? std::vector{1, 2} : std::vector{1};
}

testing::AssertionResult same(const LabelPlane& got, const LabelPlane& wanted) {
    if (got == wanted) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "got" << picture_of(got) << "\nnot" << picture_of(wanted);
}

std::vector<LabelPlane> many_planes() {
    std::vector<LabelPlane> out;
    // Frames narrower than, as wide as and wider than the words of 64 pixels that are filled at
    // once.
    std::uint32_t seed = 20;
    for (const Extent extent :
         {Extent{1, 1}, Extent{1, 9}, Extent{7, 1}, Extent{12, 9}, Extent{23, 63}, Extent{23, 64},
          Extent{23, 65}, Extent{40, 129}, Extent{66, 200}})
        for (const std::uint32_t labels : {1U, 2U, 5U}) {
            out.push_back(speckled(extent, labels, 0, ++seed));
            out.push_back(speckled(extent, labels, labels, ++seed));
            out.push_back(shapes(extent, 4 * labels, ++seed));
            out.push_back(shapes(extent, 20 * labels, ++seed));
        }
    return out;
}

TEST(MeasureLabels, EqualsAPlainLoop) {
    for (const LabelPlane& plane : many_planes()) {
        std::vector<LabelBox> wanted(
            std::size_t{*std::max_element(plane.labels.begin(), plane.labels.end())} + 1);
        for (std::int64_t y = plane.extent.height; y-- > 0;)
            for (std::int64_t x = plane.extent.width; x-- > 0;) {
                LabelBox& box = wanted[plane.at(y, x)];
                if (box.size++ == 0) box = {y, x, y, x, 0, 1};
                box.top = y;
                box.first = y * plane.extent.width + x;
                box.left = std::min(box.left, x);
                box.right = std::max(box.right, x);
                box.bottom = std::max(box.bottom, y);
            }
        for (const int threads : threads_for(plane)) {
            const std::vector<LabelBox> boxes = measured(plane, threads);
            ASSERT_EQ(boxes.size(), wanted.size());
            for (std::size_t k = 0; k < boxes.size(); ++k) {
                EXPECT_EQ(boxes[k].size, wanted[k].size) << k << picture_of(plane);
                EXPECT_EQ(boxes[k].first, wanted[k].first) << k << picture_of(plane);
                EXPECT_EQ(boxes[k].top, wanted[k].top) << k << picture_of(plane);
                EXPECT_EQ(boxes[k].left, wanted[k].left) << k << picture_of(plane);
                EXPECT_EQ(boxes[k].bottom, wanted[k].bottom) << k << picture_of(plane);
                EXPECT_EQ(boxes[k].right, wanted[k].right) << k << picture_of(plane);
            }
        }
    }
}

TEST(MeasureLabels, BrokenPromisesAreRefused) {
    const std::vector<std::uint32_t> labels(12);
    EXPECT_THROW(measure_labels({1}, labels, 3, 5), std::logic_error);
}

TEST(Relabel, LooksEveryLabelUp) {
    const LabelPlane before = speckled({31, 33}, 9, 3, 5);
    const std::vector<std::uint32_t> renamed{7, 0, 4000000000U, 3, 3, 1, 0, 9, 9, 2};
    for (const int threads : {1, 2, 3}) {
        std::vector<std::uint32_t> labels = before.labels;
        relabel({threads}, labels, renamed);
        for (std::size_t i = 0; i < labels.size(); ++i)
            ASSERT_EQ(labels[i], renamed[before.labels[i]]);
    }
}

/// cellpose3.md 5.6 step 2 word by word, with a flood that starts at the border of the box.
LabelPlane filled_plainly(LabelPlane plane) {
    const std::vector<LabelBox> boxes = measured(plane);
    std::uint32_t number = 0;
    for (std::size_t k = 1; k < boxes.size(); ++k) {
        const LabelBox& box = boxes[k];
        if (box.size == 0) continue;
        ++number;
        const std::int64_t width = box.width();
        const auto label_at = [&](std::int64_t y, std::int64_t x) -> std::uint32_t& {
            return plane.labels[static_cast<std::size_t>((box.top + y) * plane.extent.width +
                                                         box.left + x)];
        };
        std::vector<bool> outside(static_cast<std::size_t>(box.height() * width));
        std::vector<std::pair<std::int64_t, std::int64_t>> reached;
        const auto reach = [&](std::int64_t y, std::int64_t x) {
            if (y < 0 || x < 0 || y >= box.height() || x >= width || label_at(y, x) == k) return;
            if (outside[static_cast<std::size_t>(y * width + x)]) return;
            outside[static_cast<std::size_t>(y * width + x)] = true;
            reached.emplace_back(y, x);
        };
        bool any = false;
        for (std::int64_t y = 0; y < box.height(); ++y)
            for (std::int64_t x = 0; x < width; ++x) {
                any = any || label_at(y, x) == k;
                if (y == 0 || x == 0 || y == box.height() - 1 || x == width - 1) reach(y, x);
            }
        if (!any) continue;  // swallowed by a label before it
        while (!reached.empty()) {
            const auto [y, x] = reached.back();
            reached.pop_back();
            reach(y - 1, x);
            reach(y + 1, x);
            reach(y, x - 1);
            reach(y, x + 1);
        }
        for (std::int64_t y = 0; y < box.height(); ++y)
            for (std::int64_t x = 0; x < width; ++x)
                if (!outside[static_cast<std::size_t>(y * width + x)]) label_at(y, x) = number;
    }
    return plane;
}

TEST(FillHoles, EqualsAPlainFlood) {
    std::int64_t changed = 0;
    for (const LabelPlane& plane : many_planes()) {
        const LabelPlane wanted = filled_plainly(plane);
        changed += wanted == plane ? 0 : 1;
        for (const int threads : threads_for(plane))
            EXPECT_TRUE(same(filled(plane, threads), wanted));
    }
    EXPECT_GT(changed, 30);
}

TEST(FillHoles, ByHand) {
    const LabelPlane ring = drawn({".1111.",  //
                                   "1....1",  //
                                   "1.22.1",  //
                                   "1....1",  //
                                   ".1111."});
    // The corners of the hole touch the outside only diagonally: that is no way out. Label 2 goes.
    EXPECT_TRUE(same(filled(ring), drawn({".1111.",  //
                                          "111111",  //
                                          "111111",  //
                                          "111111",  //
                                          ".1111."})));
    const LabelPlane open = drawn({"1111",  //
                                   "1..1",  //
                                   "1...",  //
                                   "1111"});
    EXPECT_TRUE(same(filled(open), open));
}

TEST(FillHoles, RingsInRings) {
    const std::vector<std::string> rings{"2222222",  //
                                         "2.....2",  //
                                         "2.111.2",  //
                                         "2.1.1.2",  //
                                         "2.111.2",  //
                                         "2.....2",  //
                                         "2222222"};
    // 1 is filled first, then swallowed by 2.
    EXPECT_TRUE(same(filled(drawn(rings)), LabelPlane{{7, 7}, std::vector(49, 2U)}));
    std::vector<std::string> other = rings;
    for (std::string& row : other)
        for (char& letter : row) letter = letter == '1' ? '2' : letter == '2' ? '1' : letter;
    // The other way round: 1 swallows 2 before its turn, whose number stays unused.
    EXPECT_TRUE(same(filled(drawn(other)), LabelPlane{{7, 7}, std::vector(49, 1U)}));
}

TEST(FillHoles, ThreeInEachOther) {
    const LabelPlane nested = drawn({"333333.",  //
                                     "3.1113.",  //
                                     "3.12134",  //
                                     "3.1113.",  //
                                     "333333."});
    EXPECT_TRUE(same(filled(nested), drawn({"333333.",  //
                                            "333333.",  //
                                            "3333334",  //
                                            "333333.",  //
                                            "333333."})));
}

TEST(FillHoles, NumbersCloseUpOverAbsentLabels) {
    EXPECT_TRUE(same(filled(drawn({"22.5", "..9."})), drawn({"11.2", "..3."})));
}

/// cellpose3.md 5.6 step 1 word by word. Returns how many labels are left.
std::uint32_t small_removed_plainly(LabelPlane& plane, std::int64_t min_size) {
    std::map<std::uint32_t, std::int64_t> counts;  // unique labels, ascending
    for (const std::uint32_t label : plane.labels) ++counts[label];
    std::uint32_t rank = 0;
    for (const auto& [label, count] : counts) {
        if (rank > 0 && count < min_size)
            std::replace(plane.labels.begin(), plane.labels.end(), rank, 0U);
        ++rank;
    }
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (std::uint32_t& label : plane.labels) {
        if (label == 0) continue;
        const auto next = static_cast<std::uint32_t>(numbers.size() + 1);
        label = numbers.emplace(label, next).first->second;
    }
    return static_cast<std::uint32_t>(numbers.size());
}

TEST(RemoveSmall, EqualsThePlainRule) {
    std::mt19937 bits(30);
    for (const LabelPlane& plane : many_planes()) {
        // Gaps, so that ranks and labels differ.
        LabelPlane gaps = plane;
        for (std::uint32_t& label : gaps.labels)
            if (label % 3 == 1 && bits() % 16 != 0) label = 0;
        for (const LabelPlane& before : {plane, gaps})
            for (const std::int64_t min_size : {1, 4, 15, 200}) {
                LabelPlane wanted = before;
                const std::uint32_t left = small_removed_plainly(wanted, min_size);
                for (const int threads : threads_for(plane)) {
                    LabelPlane got = before;
                    EXPECT_EQ(remove_small({threads}, got.labels, measured(before), min_size),
                              left);
                    EXPECT_TRUE(same(got, wanted)) << "at least " << min_size;
                }
            }
    }
}

TEST(RemoveSmall, ErasesTheLabelWithTheRankOfASmallOne) {
    // Labels 1, 3, 4, 5: the small 4 has rank 3, so label 3 goes (cellpose3.md 5.6). The rest is
    // numbered by first pixels.
    LabelPlane plane = drawn({"55533311",  //
                              "55533311",  //
                              "...4...."});
    EXPECT_EQ(remove_small({1}, plane.labels, measured(plane), 3), 3U);
    EXPECT_TRUE(same(plane, drawn({"111...22",  //
                                   "111...22",  //
                                   "...3...."})));
}

TEST(RemoveSmall, WithoutBackgroundLabelOneIsNeverTested) {
    // No 0: label 1 has rank 0, and the small 2 at rank 1 erases label 1.
    LabelPlane plane = drawn({"1133", "2133"});
    EXPECT_EQ(remove_small({1}, plane.labels, measured(plane), 2), 2U);
    EXPECT_TRUE(same(plane, drawn({"..11", "2.11"})));
}

}  // namespace
}  // namespace cytofleet::test
