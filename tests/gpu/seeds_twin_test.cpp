// Seeds, their order and growth, and the labels of points on the device against the CPU twins, bit
// for bit.
#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/orders.hpp"
#include "kernels/flow/flow_cuda.hpp"
#include "kernels/labels/relabel_cuda.hpp"
#include "kernels/seeds/label_points.hpp"
#include "kernels/seeds/label_points_cuda.hpp"
#include "kernels/seeds/seeds.hpp"
#include "kernels/seeds/seeds_cuda.hpp"

namespace cytofleet {
namespace {

using Numbers = std::vector<std::uint32_t>;
using DeviceNumbers = cuda::DeviceArray<std::uint32_t>;

constexpr cuda::Stream stream = nullptr;
constexpr Exec one_thread{1};
constexpr Variant variants[] = {Variant::cpu, Variant::cuda};

EndCounts empty_counts(std::int64_t height, std::int64_t width) {
    return count_ends({}, height, width);
}

struct Twins {
    std::vector<Seed> wanted;
    std::vector<Seed> got;
};

/// What the device finds and the CPU twin.
Twins expect_seeds(const EndCounts& counts, Variant variant) {
    const std::int64_t height = counts.height - 2 * end_bin_pad;
    const std::int64_t width = counts.width - 2 * end_bin_pad;
    Twins out{find_seeds(one_thread, counts, variant), {}};
    const std::int64_t most = std::ssize(out.wanted) + 3;  // the last three are not written
    const DeviceNumbers there(stream, std::span(counts.count));
    cuda::DeviceArray<Seed> seeds(static_cast<std::size_t>(most));
    DeviceNumbers found(1);
    cuda::DeviceArray<std::byte> scratch(cuda::find_seeds_scratch_bytes(height, width, most));
    cuda::find_seeds(stream, there.data(), height, width, variant, most, seeds.data(), found.data(),
                     scratch.data());
    const std::uint32_t number = found.read(stream).at(0);
    EXPECT_EQ(number, out.wanted.size());
    out.got.resize(std::min<std::size_t>(number, seeds.size()));
    cuda::copy_down(stream, out.got.data(), seeds.data(), out.got.size() * sizeof(Seed));
    cuda::synchronize(stream);
    EXPECT_TRUE(std::ranges::equal(
        out.got, out.wanted,
        [](const Seed& a, const Seed& b) { return a.bin == b.bin && a.count == b.count; }))
        << number << " seeds";
    return out;
}

/// What grows from the CPU twin's seeds.
void expect_growth(const EndCounts& counts, const std::vector<Seed>& seeds) {
    const DeviceNumbers there(stream, std::span(counts.count));
    const cuda::DeviceArray<Seed> seeds_there(stream, std::span(seeds));
    const Numbers number = {static_cast<std::uint32_t>(seeds.size())};
    const DeviceNumbers found(stream, std::span(number));
    DeviceNumbers labels(counts.count.size());
    DeviceNumbers at_edge(1);
    at_edge.zero(stream);
    cuda::grow_seeds(stream, there.data(), counts.height - 2 * end_bin_pad,
                     counts.width - 2 * end_bin_pad, seeds_there.data(), found.data(),
                     std::ssize(seeds) + 3, labels.data(), at_edge.data());
    const bool edge =
        std::ranges::any_of(seeds, [&](Seed seed) { return at_the_edge(counts, seed); });
    EXPECT_EQ(at_edge.read(stream).at(0), edge ? 1U : 0U);
    if (!edge) {
        EXPECT_TRUE(labels.read(stream) == grow_seeds(counts, seeds));
    }
}

Twins expect_twins(const EndCounts& counts, Variant variant) {
    Twins out = expect_seeds(counts, variant);
    expect_growth(counts, out.wanted);
    return out;
}

/// Clumps of a few counts, so that there are plateaus, ties and overlapping windows.
EndCounts random_counts(std::int64_t height, std::int64_t width, std::uint32_t largest,
                        unsigned seed) {
    EndCounts out = empty_counts(height, width);
    std::mt19937 random(seed);
    for (std::int64_t y = end_bin_pad; y < end_bin_pad + height; ++y)
        for (std::int64_t x = end_bin_pad; x < end_bin_pad + width; ++x)
            if (random() % 3 == 0)
                out.count[static_cast<std::size_t>(y * out.width + x)] =
                    static_cast<std::uint32_t>(random() % (largest + 1));
    return out;
}

TEST(SeedsTwin, OddSizesTiesAndPlateaus) {
    for (const auto& [height, width] : {std::pair{1L, 1L}, {2L, 61L}, {33L, 7L}, {40L, 47L}})
        for (const std::uint32_t largest : {11U, 13U, 40U, 100000U})
            for (const Variant variant : variants) {
                SCOPED_TRACE(testing::Message() << height << " x " << width << ", " << largest);
                const EndCounts counts = random_counts(height, width, largest, 3);
                test::in_every_order([&] { expect_twins(counts, variant); });
            }
}

TEST(SeedsTwin, NoSeedAndTheCountsAroundTheThresholds) {
    EndCounts counts = empty_counts(20, 20);
    expect_twins(counts, Variant::cpu);
    const std::size_t middle = 30U * 60U + 30U;
    for (const std::uint32_t count : {10U, 11U}) {
        counts.count[middle] = count;
        // A way of threes out of the window, a two beside it.
        for (std::size_t i = 1; i < 9; ++i) counts.count[middle + i] = 3;
        counts.count[middle + 61] = 2;
        const Twins twins = expect_twins(counts, Variant::cuda);
        EXPECT_EQ(twins.got.size(), count == 11 ? 1U : 0U);
    }
}

TEST(SeedsTwin, SeedsAtTheEdgeAreReported) {
    for (const std::size_t bin :
         {std::size_t{0}, std::size_t{4 * 60 + 30}, std::size_t{30 * 60 + 4},
          std::size_t{30 * 60 + 55}, std::size_t{55 * 60 + 30}}) {
        EndCounts counts = empty_counts(20, 20);
        counts.count[25U * 60U + 25U] = 12;
        counts.count[bin] = 11;
        test::in_every_order([&] { expect_twins(counts, Variant::cpu); });
    }
    for (const std::size_t bin : {std::size_t{5 * 60 + 5}, std::size_t{54 * 60 + 54}}) {
        EndCounts counts = empty_counts(20, 20);
        counts.count[bin] = 11;
        EXPECT_FALSE(at_the_edge(counts, {11, static_cast<std::uint32_t>(bin)}));
        expect_twins(counts, Variant::cpu);
    }
}

/// A seed every three bins.
EndCounts grid_of_seeds(std::int64_t side, const std::function<std::uint32_t(std::size_t)>& count) {
    EndCounts out = empty_counts(3 * side, 3 * side);
    std::size_t next = 0;
    for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x)
            out.count[static_cast<std::size_t>((end_bin_pad + 3 * y) * out.width + end_bin_pad +
                                               3 * x)] = count(next++);
    return out;
}

TEST(SeedsTwin, ManyTiesAreOrderedAsStdSortDoes) {
    std::mt19937 random(1);
    for (const std::uint32_t kinds : {1U, 4U, 100U}) {
        const EndCounts counts = grid_of_seeds(
            30, [&](std::size_t) { return 11 + static_cast<std::uint32_t>(random() % kinds); });
        test::in_every_order([&] {
            const Twins of_cpu = expect_seeds(counts, Variant::cpu);
            const Twins of_cuda = expect_seeds(counts, Variant::cuda);
            const auto bin = &Seed::bin;
            EXPECT_FALSE(std::ranges::equal(of_cpu.got, of_cuda.got, {}, bin, bin));
        });
    }
}

TEST(SeedsTwin, StableFrom32768SeedsOn) {
    // Plateaus: every bin is a seed. One fewer is sorted another way.
    for (const std::int64_t missing : {0, 1}) {
        EndCounts counts = empty_counts(128, 256);
        for (std::int64_t y = 0; y < 128; ++y)
            for (std::int64_t x = 0; x < 256; ++x)
                counts.count[static_cast<std::size_t>((end_bin_pad + y) * counts.width +
                                                      end_bin_pad + x)] = 11;
        if (missing > 0)
            counts.count[static_cast<std::size_t>(end_bin_pad * counts.width + end_bin_pad)] = 0;
        const Twins twins = expect_seeds(counts, Variant::cpu);
        EXPECT_EQ(std::ssize(twins.got), 32768 - missing);
        EXPECT_EQ(std::ranges::is_sorted(twins.got, {}, &Seed::bin), missing == 0);
    }
}

struct Points {
    std::int64_t height;
    std::int64_t width;
    Numbers pixels;
    std::vector<Point> ends;
};

/// Points that end around a few places, most of them around one.
Points random_points(std::int64_t height, std::int64_t width, unsigned seed) {
    Points out{height, width, {}, {}};
    std::mt19937 random(seed);
    const auto anywhere = [&] {
        const auto along = [&](std::int64_t length) {
            return static_cast<float>(random() % static_cast<std::uint32_t>(length));
        };
        const float y = along(height);
        return Point{y, along(width)};
    };
    std::vector<Point> places(6);
    for (Point& place : places) place = anywhere();
    for (std::int64_t i = 0; i < height * width; ++i) {
        if (random() % 5 == 0) continue;
        out.pixels.push_back(static_cast<std::uint32_t>(i));
        const Point place = places[random() % (i % 2 == 0 ? 1 : places.size())];
        out.ends.push_back(random() % 9 == 0 ? anywhere() : place);
    }
    return out;
}

/// Compares the labels; returns the CPU twin's.
Numbers expect_labels(const Points& points, double largest_size) {
    const EndCounts counts = count_ends(points.ends, points.height, points.width);
    const std::vector<Seed> seeds = find_seeds(one_thread, counts, Variant::cuda);
    const Numbers bin_labels = grow_seeds(counts, seeds);
    Numbers wanted(static_cast<std::size_t>(points.height * points.width));
    const std::uint32_t left = label_points(one_thread, counts, bin_labels, seeds.size(),
                                            points.pixels, points.ends, largest_size, wanted);

    Numbers bins(wanted.size(), cuda::no_bin);
    for (std::size_t i = 0; i < points.pixels.size(); ++i)
        bins[points.pixels[i]] = static_cast<std::uint32_t>(counts.bin(points.ends[i]));
    const Numbers number = {static_cast<std::uint32_t>(seeds.size())};
    const DeviceNumbers bins_there(stream, std::span(std::as_const(bins)));
    const DeviceNumbers bin_labels_there(stream, std::span(bin_labels));
    DeviceNumbers labels(wanted.size());
    DeviceNumbers count(stream, std::span(number));
    const cuda::LabelPlane plane{labels.data(), points.height, points.width, count.data(),
                                 std::ssize(seeds) + 5};
    cuda::DeviceArray<cuda::DeviceBox> boxes(static_cast<std::size_t>(plane.most + 1));
    cuda::DeviceArray<std::byte> scratch(
        cuda::relabel_scratch_bytes(points.height, points.width, plane.most));
    cuda::label_points(stream, bins_there.data(), bin_labels_there.data(), plane, largest_size,
                       boxes.data(), scratch.data());
    EXPECT_TRUE(labels.read(stream) == wanted);
    EXPECT_EQ(count.read(stream).at(0), left);
    return wanted;
}

TEST(LabelPointsTwin, ErasesLargeLabelsAndNumbersTheOthers) {
    for (const auto& [height, width] : {std::pair{1L, 70L}, {9L, 33L}, {31L, 40L}})
        for (const unsigned seed : {1U, 2U}) {
            SCOPED_TRACE(testing::Message() << height << " x " << width);
            const Points points = random_points(height, width, seed);
            const Numbers all = expect_labels(points, 1e9);
            std::int64_t biggest = 0;
            for (std::uint32_t k = 1; k < 7; ++k)
                biggest = std::max<std::int64_t>(biggest, std::ranges::count(all, k));
            ASSERT_GT(biggest, 10);
            test::in_every_order([&] {
                EXPECT_EQ(expect_labels(points, static_cast<double>(biggest)), all);
                EXPECT_NE(expect_labels(points, static_cast<double>(biggest) - 0.5), all);
                expect_labels(points, 0.0);
            });
        }
}

}  // namespace
}  // namespace cytofleet
