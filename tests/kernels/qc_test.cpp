// Flow errors against the definition, one pixel after the other.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/label_planes.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/qc/flow_errors.hpp"
#include "support/numbers.hpp"

namespace cytofleet::test {
namespace {

constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

std::vector<LabelBox> measured(const LabelPlane& plane) {
    return measure_labels({1}, plane.labels, plane.extent.height, plane.extent.width);
}

/// cellpose3.md 5.5 on the frame with a border of one pixel, without any shortcut. Real: what heat
/// is kept in.
template <typename Real>
class PlainCheck {
  public:
    PlainCheck(const LabelPlane& plane, std::vector<float> flows, Variant variant)
        : plane_(plane),
          flows_(std::move(flows)),
          boxes_(measured(plane)),
          variant_(variant),
          stride_(plane.extent.width + 2),
          heat_(static_cast<std::size_t>((plane.extent.height + 2) * stride_)) {}

    std::vector<double> errors() {
        std::int64_t largest = 0;
        for (std::size_t k = 1; k < boxes_.size(); ++k)
            if (boxes_[k].size > 0)
                largest = std::max(largest, boxes_[k].height() + boxes_[k].width() + 2);
        for (std::size_t k = 1; k < boxes_.size(); ++k) {
            if (boxes_[k].size == 0) continue;
            const std::int64_t own = 2 * (boxes_[k].height() + 2 + boxes_[k].width() + 2);
            diffuse(static_cast<std::uint32_t>(k), variant_ == Variant::cpu ? own : 2 * largest);
        }
        std::vector<double> out;
        for (std::size_t k = 1; k < boxes_.size(); ++k)
            out.push_back(boxes_[k].size > 0 ? error_of(static_cast<std::uint32_t>(k))
                                             : std::numeric_limits<double>::quiet_NaN());
        return out;
    }

  private:
    std::size_t index(std::int64_t y, std::int64_t x) const {
        return static_cast<std::size_t>((y + 1) * stride_ + x + 1);
    }
    std::uint32_t label_at(std::int64_t y, std::int64_t x) const {
        const auto [height, width] = plane_.extent;
        return y < 0 || x < 0 || y >= height || x >= width ? 0 : plane_.at(y, x);
    }

    /// The pixel nearest to the mean, the first of equals. The CPU code counts from 1.
    std::pair<std::int64_t, std::int64_t> middle_of(std::uint32_t label) const {
        const LabelBox& box = boxes_[label];
        const std::int64_t base = variant_ == Variant::cpu ? 1 : 0;
        double mean_y = 0;
        double mean_x = 0;
        for (std::int64_t y = box.top; y <= box.bottom; ++y)
            for (std::int64_t x = box.left; x <= box.right; ++x)
                if (label_at(y, x) == label) {
                    mean_y += static_cast<double>(y - box.top + base);
                    mean_x += static_cast<double>(x - box.left + base);
                }
        mean_y /= static_cast<double>(box.size);
        mean_x /= static_cast<double>(box.size);
        double least = std::numeric_limits<double>::infinity();
        std::pair<std::int64_t, std::int64_t> best;
        for (std::int64_t y = box.top; y <= box.bottom; ++y)
            for (std::int64_t x = box.left; x <= box.right; ++x) {
                const double dy = static_cast<double>(y - box.top + base) - mean_y;
                const double dx = static_cast<double>(x - box.left + base) - mean_x;
                if (label_at(y, x) != label || dx * dx + dy * dy >= least) continue;
                least = dx * dx + dy * dy;
                best = {y, x};
            }
        return best;
    }

    void diffuse(std::uint32_t label, std::int64_t steps) {
        constexpr std::int64_t around[9][2] = {{0, 0},   {-1, 0}, {1, 0},  {0, -1}, {0, 1},
                                               {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
        const LabelBox& box = boxes_[label];
        const auto [middle_y, middle_x] = middle_of(label);
        std::vector<Real> next = heat_;
        for (std::int64_t step = 0; step < steps; ++step) {
            heat_[index(middle_y, middle_x)] += Real{1};
            for (std::int64_t y = box.top; y <= box.bottom; ++y)
                for (std::int64_t x = box.left; x <= box.right; ++x) {
                    if (label_at(y, x) != label) continue;
                    Real sum = 0;
                    for (const auto& [dy, dx] : around)
                        sum += label_at(y + dy, x + dx) == label ? heat_[index(y + dy, x + dx)]
                                                                 : Real{0};
                    next[index(y, x)] = variant_ == Variant::cpu
                                            ? static_cast<Real>(1.0 / 9.0) * sum
                                            : sum / Real{9};
                }
            for (std::int64_t y = box.top; y <= box.bottom; ++y)
                for (std::int64_t x = box.left; x <= box.right; ++x)
                    if (label_at(y, x) == label) heat_[index(y, x)] = next[index(y, x)];
        }
    }

    /// What the gradient of `label` reads: on CUDA whatever heat is there.
    Real heat(std::uint32_t label, std::int64_t y, std::int64_t x) const {
        if (variant_ == Variant::cpu && label_at(y, x) != label) return 0;
        return heat_[index(y, x)];
    }

    double error_of(std::uint32_t label) const {
        const auto [height, width] = plane_.extent;
        double sum_y = 0;
        double sum_x = 0;
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x) {
                if (label_at(y, x) != label) continue;
                const double mu_y =
                    static_cast<double>(heat(label, y + 1, x) - heat(label, y - 1, x));
                const double mu_x =
                    static_cast<double>(heat(label, y, x + 1) - heat(label, y, x - 1));
                const double length = 1e-60 + std::sqrt(mu_y * mu_y + mu_x * mu_x);
                const auto at = static_cast<std::size_t>(y * width + x);
                const auto pixels = static_cast<std::size_t>(height * width);
                const double off_y = mu_y / length - static_cast<double>(flows_[at] / 5.0F);
                const double off_x =
                    mu_x / length - static_cast<double>(flows_[pixels + at] / 5.0F);
                sum_y += off_y * off_y;
                sum_x += off_x * off_x;
            }
        const auto size = static_cast<double>(boxes_[label].size);
        return sum_y / size + sum_x / size;
    }

    const LabelPlane& plane_;
    std::vector<float> flows_;
    std::vector<LabelBox> boxes_;
    Variant variant_;
    std::int64_t stride_;
    std::vector<Real> heat_;
};

testing::AssertionResult same_errors(const std::vector<double>& got,
                                     const std::vector<double>& wanted) {
    if (got.size() != wanted.size())
        return testing::AssertionFailure() << got.size() << " errors, not " << wanted.size();
    for (std::size_t k = 0; k < got.size(); ++k) {
        if (std::isnan(got[k]) && std::isnan(wanted[k])) continue;
        if (std::bit_cast<std::uint64_t>(got[k]) != std::bit_cast<std::uint64_t>(wanted[k]))
            return testing::AssertionFailure()
                   << "label " << k + 1 << ": " << std::hexfloat << got[k] << ", not " << wanted[k];
    }
    return testing::AssertionSuccess();
}

void check(const LabelPlane& plane, std::uint32_t seed = 1) {
    const std::vector<float> flows = random_floats(2 * plane.extent.pixels(), seed, 5);
    const std::vector<LabelBox> boxes = measured(plane);
    for (const Variant variant : variants) {
        const std::vector<double> wanted = PlainCheck<double>(plane, flows, variant).errors();
        const auto run = [&](const std::string& how, int threads) {
            EXPECT_TRUE(same_errors(flow_errors({threads}, plane.labels, plane.extent.height,
                                                plane.extent.width, boxes, flows, variant),
                                    wanted))
                << how << ", variant " << static_cast<int>(variant) << picture_of(plane);
        };
        for_every_simd([&](const std::string& name) { run(name, 1); });
        run("two threads", 2);
    }
}

TEST(FlowErrors, EqualTheDefinition) {
    std::uint32_t seed = 40;
    for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{17, 16}, Extent{31, 57}}) {
        check(shapes(extent, 3, ++seed));
        check(shapes(extent, 12, ++seed));  // many touch, some vanish
    }
    check(speckled({9, 21}, 3, 2, 50));  // labels in many pieces
}

TEST(FlowErrors, ThinRods) {
    for (const std::int64_t length : {1, 2, 3, 15, 16, 17, 31, 64, 90}) {
        check({{1, length}, std::vector(static_cast<std::size_t>(length), 1U)});
        check({{length, 1}, std::vector(static_cast<std::size_t>(length), 1U)});
    }
    check(drawn({"1.........",  //
                 ".1........",  //
                 "..1...222.",  //
                 "...1..2.2.",  //
                 "....1.2..2",  //
                 "333331...2"}));
}

TEST(FlowErrors, SmallLabelsBesideALargeOne) {
    // On CUDA the small ones take the large one's steps: they are long at rest by then.
    LabelPlane plane{{45, 45}, std::vector(45 * 45, 0U)};
    for (std::int64_t y = 0; y < 45; ++y)
        for (std::int64_t x = 0; x < 45; ++x)
            plane.labels[static_cast<std::size_t>(y * 45 + x)] = y < 4 && x < 4     ? 1
                                                                 : y < 4 && x < 6   ? 2
                                                                 : y >= 4 && x < 44 ? 3
                                                                                    : 0;
    check(plane);
}

TEST(FlowErrors, TouchingLabelsDifferOnlyOnCuda) {
    const LabelPlane apart = drawn({"111..222", "111..222", "111..222"});
    const LabelPlane touching = drawn({"111222..", "111222..", "111222.."});
    const std::vector<float> still(48, 0.0F);
    const auto errors = [&still](const LabelPlane& plane, Variant variant) {
        return flow_errors({1}, plane.labels, 3, 8, measured(plane), still, variant);
    };
    EXPECT_EQ(errors(apart, Variant::cpu), errors(touching, Variant::cpu));
    EXPECT_NE(errors(apart, Variant::cuda), errors(touching, Variant::cuda));
    check(apart);
    check(touching);
}

TEST(FlowErrors, PerfectFlowsHaveNoError) {
    // A square: the heat falls to all sides alike, so the flow of its middle row is (0, +-1).
    const LabelPlane plane = drawn({"111", "111", "111"});
    std::vector<float> flows(18, 0.0F);
    const float diagonal = 5.0F * std::sqrt(0.5F);
    const float towards[3] = {1, 0, -1};
    for (std::size_t y = 0; y < 3; ++y)
        for (std::size_t x = 0; x < 3; ++x) {
            const float length = y != 1 && x != 1 ? diagonal : 5.0F;
            flows[3 * y + x] = towards[y] * length;
            flows[9 + 3 * y + x] = towards[x] * length;
        }
    for (const Variant variant : variants) {
        const auto right = flow_errors({1}, plane.labels, 3, 3, measured(plane), flows, variant);
        ASSERT_EQ(right.size(), 1U);
        EXPECT_NEAR(right[0], 0, 1e-12);
        // Away from the middle each pixel but it is wrong by twice a unit vector: 4 * 8 / 9.
        std::vector<float> away = flows;
        for (float& flow : away) flow = -flow;
        EXPECT_NEAR(flow_errors({1}, plane.labels, 3, 3, measured(plane), away, variant)[0],
                    32.0 / 9, 1e-6);
    }
}

TEST(FlowErrors, AbsentLabelsAreNan) {
    const LabelPlane plane = drawn({"2.5", "2.5"});
    const std::vector<float> flows(12, 1.0F);
    for (const Variant variant : variants) {
        const auto errors = flow_errors({1}, plane.labels, 2, 3, measured(plane), flows, variant);
        ASSERT_EQ(errors.size(), 5U);
        for (const std::size_t k : {0U, 2U, 3U}) EXPECT_TRUE(std::isnan(errors[k]));
        for (const std::size_t k : {1U, 4U}) EXPECT_FALSE(std::isnan(errors[k]));
    }
    check(plane);
    EXPECT_TRUE(
        flow_errors({1}, std::vector<std::uint32_t>(6), 2, 3, {{LabelBox{}}}, flows, Variant::cpu)
            .empty());
}

/// Zeros that take no memory until they are written to.
template <typename T>
class Zeros {
  public:
    explicit Zeros(std::size_t count)
        : count_(count),
          data_(mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
        if (data_ == MAP_FAILED) throw std::bad_alloc();
    }
    ~Zeros() { munmap(data_, count_ * sizeof(T)); }
    Zeros(const Zeros&) = delete;
    Zeros& operator=(const Zeros&) = delete;
    std::span<T> span() { return {static_cast<T*>(data_), count_}; }

  private:
    std::size_t count_;
    void* data_;
};

TEST(FlowErrors, HugeFramesAreInSinglePrecisionOnCuda) {
    // One row more than 4e7 pixels with the border. Only the corner with the labels is ever read.
    constexpr std::int64_t huge_width = 1998;
    constexpr std::int64_t huge_height = 19999;
    const LabelPlane plane = shapes({37, 41}, 5, 60);
    const std::vector<float> flows = random_floats(2 * plane.extent.pixels(), 61, 5);
    constexpr auto pixels = static_cast<std::size_t>(huge_height * huge_width);
    Zeros<std::uint32_t> labels(pixels);
    Zeros<float> huge_flows(2 * pixels);
    for (std::size_t y = 0; y < 37; ++y)
        for (std::size_t x = 0; x < 41; ++x) {
            const std::size_t from = y * 41 + x;
            const std::size_t to = y * huge_width + x;
            labels.span()[to] = plane.labels[from];
            huge_flows.span()[to] = flows[from];
            huge_flows.span()[pixels + to] = flows[37 * 41 + from];
        }
    // A box of the corner describes the huge frame too.
    const auto boxes = measured(plane);
    const auto got = flow_errors({2}, labels.span(), huge_height, huge_width, boxes,
                                 huge_flows.span(), Variant::cuda);
    EXPECT_TRUE(same_errors(got, PlainCheck<float>(plane, flows, Variant::cuda).errors()));
    EXPECT_FALSE(same_errors(got, PlainCheck<double>(plane, flows, Variant::cuda).errors()));
    const auto on_cpu = flow_errors({2}, labels.span(), huge_height, huge_width, boxes,
                                    huge_flows.span(), Variant::cpu);
    EXPECT_TRUE(same_errors(on_cpu, PlainCheck<double>(plane, flows, Variant::cpu).errors()));
}

TEST(FlowErrors, BrokenPromisesAreRefused) {
    const LabelPlane plane = drawn({"11", "11"});
    const std::vector<float> flows(8);
    const auto boxes = measured(plane);
    EXPECT_THROW(flow_errors({1}, plane.labels, 2, 3, boxes, flows, Variant::cpu),
                 std::logic_error);
    EXPECT_THROW(
        flow_errors({1}, plane.labels, 2, 2, boxes, std::span(flows).first(7), Variant::cpu),
        std::logic_error);
    EXPECT_THROW(flow_errors({1}, plane.labels, 2, 2, {}, flows, Variant::cpu), std::logic_error);
}

}  // namespace
}  // namespace cytofleet::test
