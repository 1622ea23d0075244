// Measuring, erasing, renumbering and filling labels on the device against the CPU twins.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/labels/fill_holes.hpp"
#include "kernels/labels/fill_holes_cuda.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/labels/measure_cuda.hpp"
#include "kernels/labels/relabel.hpp"
#include "kernels/labels/relabel_cuda.hpp"

namespace cytofleet {
namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr cuda::Stream stream = nullptr;
constexpr Exec one_thread{1};

struct Frame {
    std::int64_t height;
    std::int64_t width;
    Numbers labels;
    std::uint32_t largest() const {
        return labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end());
    }
    std::uint32_t& at(std::int64_t y, std::int64_t x) {
        return labels[static_cast<std::size_t>(y * width + x)];
    }
};

/// A frame in device memory whose host knows a bound only, as the pipeline does.
class DeviceFrame {
  public:
    explicit DeviceFrame(const Frame& frame, std::uint32_t count_above = 0)
        : labels_(stream, std::span(frame.labels)), count_(1) {
        const std::uint32_t count = frame.largest() + count_above;
        cuda::copy_up(stream, count_.data(), &count, sizeof count);
        plane_ = {labels_.data(), frame.height, frame.width, count_.data(), count + 40};
        boxes_ = cuda::DeviceArray<cuda::DeviceBox>(static_cast<std::size_t>(plane_.most + 1));
        scratch_ = cuda::DeviceArray<std::byte>(
            std::max(cuda::relabel_scratch_bytes(frame.height, frame.width, plane_.most),
                     cuda::fill_holes_scratch_bytes(frame.height, frame.width, plane_.most)));
        cuda::synchronize(stream);
    }
    void measure() { cuda::measure_labels(stream, plane_, boxes_.data()); }
    const cuda::LabelPlane& plane() const { return plane_; }
    cuda::DeviceBox* boxes() { return boxes_.data(); }
    void* scratch() { return scratch_.data(); }
    Numbers labels() const { return labels_.read(stream); }
    std::uint32_t count() const { return count_.read(stream).at(0); }
    /// Of the labels that are counted: nobody writes the others, up to the bound.
    std::vector<cuda::DeviceBox> read_boxes() const {
        std::vector<cuda::DeviceBox> out(count() + 1);
        cuda::copy_down(stream, out.data(), boxes_.data(), out.size() * sizeof(out[0]));
        cuda::synchronize(stream);
        return out;
    }

  private:
    cuda::DeviceArray<std::uint32_t> labels_;
    cuda::DeviceArray<std::uint32_t> count_;
    cuda::LabelPlane plane_;
    cuda::DeviceArray<cuda::DeviceBox> boxes_;
    cuda::DeviceArray<std::byte> scratch_;
};

std::vector<LabelBox> boxes_of(const Frame& frame) {
    return measure_labels(one_thread, frame.labels, frame.height, frame.width);
}

/// Its sides go diagonally, so that two diamonds can cross without breaking each other.
void draw_diamond(Frame& frame, std::int64_t y, std::int64_t x, std::int64_t radius,
                  std::uint32_t label) {
    for (std::int64_t i = 0; i < frame.height; ++i)
        for (std::int64_t j = 0; j < frame.width; ++j)
            if (std::abs(i - y) + std::abs(j - x) == radius) frame.at(i, j) = label;
}

/// Rectangles, rings, diamonds and specks over each other: holes in holes, labels in pieces, labels
/// missing.
Frame random_frame(std::int64_t height, std::int64_t width, std::uint32_t labels, unsigned seed,
                   int things) {
    Frame out{height, width, Numbers(static_cast<std::size_t>(height * width))};
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % n); };
    for (int i = 0; i < things; ++i) {
        const std::int64_t top = below(height);
        const std::int64_t left = below(width);
        const std::int64_t bottom = top + below(height - top);
        const std::int64_t right = left + below(width - left);
        const auto label = static_cast<std::uint32_t>(below(labels + 1));
        const bool ring = below(4) != 0;
        for (std::int64_t y = top; y <= bottom; ++y)
            for (std::int64_t x = left; x <= right; ++x)
                if (!ring || y == top || y == bottom || x == left || x == right)
                    out.at(y, x) = label;
        if (below(3) == 0)
            draw_diamond(out, top, left, 2 + below(6),
                         static_cast<std::uint32_t>(below(labels + 1)));
        if (below(3) == 0)
            out.at(below(height), below(width)) = static_cast<std::uint32_t>(below(labels + 1));
    }
    return out;
}

void for_random_frames(int repeats, const std::function<void(const Frame&)>& check) {
    for (const auto& [height, width] :
         {std::pair{1L, 1L}, {1L, 77L}, {40L, 1L}, {11L, 12L}, {23L, 65L}, {70L, 37L}})
        for (int i = 0; i < repeats; ++i) {
            const auto seed = static_cast<unsigned>(i);
            SCOPED_TRACE(testing::Message() << height << " x " << width << ", seed " << seed);
            check(random_frame(height, width, 1 + seed % 40, seed,
                               4 + static_cast<int>(seed) % 3 * 12));
        }
}

TEST(MeasureTwin, BoxesAndNumbers) {
    for_random_frames(6, [](const Frame& frame) {
        const auto wanted = boxes_of(frame);
        std::uint32_t present = 0;
        for (std::size_t k = 1; k < wanted.size(); ++k) present += wanted[k].size > 0 ? 1 : 0;
        test::in_every_order([&] {
            DeviceFrame there(frame, 3);
            there.measure();
            cuda::DeviceArray<std::uint32_t> numbers(2);
            cuda::count_labels(stream, there.plane(), there.boxes(), numbers.data());
            EXPECT_EQ(numbers.read(stream), (Numbers{frame.largest(), present}));
            const auto boxes = there.read_boxes();
            for (std::size_t k = 0; k < wanted.size() + 3; ++k) {
                const LabelBox box = k < wanted.size() ? wanted[k] : LabelBox{};
                EXPECT_TRUE(boxes[k].top == box.top && boxes[k].left == box.left &&
                            boxes[k].bottom == box.bottom && boxes[k].right == box.right &&
                            boxes[k].first == box.first && boxes[k].size == box.size)
                    << "label " << k;
            }
        });
    });
}

TEST(RelabelTwin, SmallLabelsByCellposesRule) {
    for_random_frames(3, [](const Frame& frame) {
        const auto boxes = boxes_of(frame);
        for (const std::int64_t min_size : {2, 15}) {
            Numbers wanted = frame.labels;
            const std::uint32_t left = remove_small(one_thread, wanted, boxes, min_size);
            test::in_every_order([&] {
                DeviceFrame there(frame);
                there.measure();
                cuda::remove_small(stream, there.plane(), there.boxes(), min_size, there.scratch());
                EXPECT_TRUE(there.labels() == wanted) << "min_size " << min_size;
                EXPECT_EQ(there.count(), left);
            });
        }
    });
}

TEST(RelabelTwin, NoBackgroundShiftsTheRanks) {
    const Frame frame{2, 8, {1, 1, 1, 1, 1, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5}};
    Numbers wanted = frame.labels;
    const std::uint32_t left = remove_small(one_thread, wanted, boxes_of(frame), 3);
    EXPECT_NE(wanted, frame.labels);
    test::in_every_order([&] {
        DeviceFrame there(frame);
        there.measure();
        cuda::remove_small(stream, there.plane(), there.boxes(), 3, there.scratch());
        EXPECT_EQ(there.labels(), wanted);
        EXPECT_EQ(there.count(), left);
    });
}

TEST(RelabelTwin, WrongLabelsAreErasedAndNothingElse) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    for_random_frames(2, [none](const Frame& frame) {
        std::vector<double> errors(frame.largest());
        for (std::size_t k = 0; k < errors.size(); ++k)
            errors[k] = std::vector{0.1, 0.4, 0.5, none}[k % 4];
        Numbers wanted = frame.labels;
        for (std::uint32_t& label : wanted)
            if (label > 0 && errors[label - 1] > 0.4) label = 0;
        DeviceFrame there(frame);
        const cuda::DeviceArray<double> errors_there(stream, std::span(std::as_const(errors)));
        cuda::erase_wrong(stream, there.plane(), errors_there.data(), 0.4);
        EXPECT_TRUE(there.labels() == wanted);
        EXPECT_EQ(there.count(), frame.largest());
    });
}

void expect_filled(const Frame& frame) {
    const auto boxes = boxes_of(frame);
    Numbers wanted = frame.labels;
    fill_holes(one_thread, wanted, frame.width, boxes);
    DeviceFrame there(frame);
    there.measure();
    cuda::fill_holes(stream, there.plane(), there.boxes(), there.scratch());
    EXPECT_TRUE(there.labels() == wanted);
    EXPECT_EQ(there.count(), std::ranges::count_if(boxes.begin() + 1, boxes.end(),
                                                   [](auto& box) { return box.size > 0; }));
}

TEST(FillHolesTwin, RandomFrames) {
    for_random_frames(8, expect_filled);
}

TEST(FillHolesTwin, AnyLabelsOfAFewPixels) {
    std::mt19937 random(9);
    for (int i = 0; i < 80; ++i) {
        const auto side = [&] { return static_cast<std::int64_t>(3 + random() % 9); };
        expect_filled(random_frame(side(), side(), 1 + static_cast<std::uint32_t>(random() % 6),
                                   static_cast<unsigned>(random()), 10));
    }
}

TEST(FillHolesTwin, RingsInRingsInEveryOrder) {
    // Whichever number the outer ring has, what it encloses becomes its own or fills itself first.
    Numbers order = {1, 2, 3};
    do {
        Frame frame{15, 15, Numbers(225)};
        for (std::size_t ring = 0; ring < 3; ++ring) {
            const auto low = static_cast<std::int64_t>(1 + 2 * ring);
            const std::int64_t high = 14 - low;
            for (std::int64_t i = low; i <= high; ++i)
                for (const auto& [y, x] : {std::pair{low, i}, {high, i}, {i, low}, {i, high}})
                    frame.at(y, x) = order[ring];
        }
        test::in_every_order([&] { expect_filled(frame); });
    } while (std::ranges::next_permutation(order).found);
}

TEST(FillHolesTwin, OfCrossingRingsTheFirstTakesWhatBothEnclose) {
    for (const Numbers& order : {Numbers{1, 2}, {2, 1}, {1, 2, 3}, {2, 1, 3}, {3, 1, 2}}) {
        Frame frame{17, 32, Numbers(std::size_t{17} * 32)};
        for (std::size_t i = 0; i < order.size(); ++i)
            draw_diamond(frame, 8, 8 + 7 * static_cast<std::int64_t>(i), 6, order[i]);
        Frame filled = frame;
        fill_holes(one_thread, filled.labels, filled.width, boxes_of(filled));
        EXPECT_EQ(filled.at(8, 11), std::min(order[0], order[1]));
        test::in_every_order([&] { expect_filled(frame); });
    }
}

TEST(FillHolesTwin, BoxesTooLargeForSharedMemory) {
    // A winding way leads from the border far into the label; beside it are two holes, and in one
    // of them another label with a hole of its own.
    Frame frame{300, 330, Numbers(std::size_t{300} * 330, 1)};
    for (std::int64_t x = 4; x < 32; x += 4) {
        for (std::int64_t y = 3; y < 240; ++y) frame.at(y, x) = 0;
        for (std::int64_t i = 0; i < 4; ++i) frame.at(x % 8 == 0 ? 3 : 239, x + i) = 0;
    }
    expect_filled(frame);
    for (std::int64_t y = 0; y < 4; ++y) frame.at(y, 4) = 0;
    expect_filled(frame);
    for (std::int64_t x = 30; x < 60; ++x) frame.at(270, x) = 0;
    expect_filled(frame);
    for (std::int64_t y = 250; y < 260; ++y)
        for (std::int64_t x = 100; x < 110; ++x) frame.at(y, x) = y == 255 && x == 105 ? 0 : 2;
    expect_filled(frame);
}

TEST(LabelsTwin, MoreThan65535Labels) {
    Frame frame{300, 301, Numbers(std::size_t{300} * 301)};
    for (std::size_t i = 0; i < frame.labels.size(); ++i)
        frame.labels[i] = static_cast<std::uint32_t>(i % 7 == 0 ? 0 : frame.labels.size() - i);
    const auto boxes = boxes_of(frame);
    Numbers wanted = frame.labels;
    const std::uint32_t left = remove_small(one_thread, wanted, boxes, 1);
    EXPECT_GT(left, 65535U);
    DeviceFrame there(frame);
    there.measure();
    cuda::remove_small(stream, there.plane(), there.boxes(), 1, there.scratch());
    EXPECT_TRUE(there.labels() == wanted);
    EXPECT_EQ(there.count(), left);
}

}  // namespace
}  // namespace cytofleet
