// From the ends of points to Python's labels and masks on the device, for every golden case and
// both variants; following and flow errors are the CPU's.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/flow/flow.hpp"
#include "kernels/flow/flow_cuda.hpp"
#include "kernels/labels/fill_holes_cuda.hpp"
#include "kernels/labels/measure.hpp"
#include "kernels/labels/relabel_cuda.hpp"
#include "kernels/qc/flow_errors.hpp"
#include "kernels/seeds/label_points_cuda.hpp"
#include "kernels/seeds/seeds.hpp"
#include "kernels/seeds/seeds_cuda.hpp"
#include "support/golden.hpp"

namespace cytofleet {
namespace {

using Numbers = std::vector<std::uint32_t>;
using DeviceNumbers = cuda::DeviceArray<std::uint32_t>;

constexpr cuda::Stream stream = nullptr;
constexpr Exec one_thread{1};
constexpr int parts = 6;  ///< so that no test takes long

struct Flows {
    std::int64_t height;
    std::int64_t width;
    std::vector<float> values;  ///< (2, height, width)
    std::vector<float> logits;
};

struct Ends {
    EndCounts counts;
    Numbers bins;  ///< per pixel
};

Ends follow(const test::Case& item, const Flows& flows, Variant variant) {
    const auto threshold = item.json.at("cellprob_threshold").get<float>();
    const Stepping stepping = !item.json.at("interp").get<bool>() ? Stepping::nearest
                              : variant == Variant::cpu           ? Stepping::cpu
                                                                  : Stepping::cuda;
    const StepField field(one_thread, flows.values, flows.logits, flows.height, flows.width,
                          threshold, stepping);
    const auto pixels =
        foreground_pixels(one_thread, flows.logits, flows.height, flows.width, threshold);
    std::vector<Point> ends(pixels.size());
    follow_flow(one_thread, field, pixels,
                static_cast<std::int64_t>(item.json.at("niter").get<double>()), ends);
    Ends out{count_ends(ends, flows.height, flows.width),
             Numbers(flows.logits.size(), cuda::no_bin)};
    for (std::size_t i = 0; i < pixels.size(); ++i)
        out.bins[pixels[i]] = static_cast<std::uint32_t>(out.counts.bin(ends[i]));
    return out;
}

/// A frame on the device, through the stages that its host does not look into.
class DeviceMasks {
  public:
    DeviceMasks(std::int64_t height, std::int64_t width, std::int64_t most)
        : labels_(static_cast<std::size_t>(height * width)),
          count_(1),
          plane_{labels_.data(), height, width, count_.data(), most},
          boxes_(static_cast<std::size_t>(plane_.most + 1)),
          scratch_(std::max({cuda::find_seeds_scratch_bytes(height, width, plane_.most),
                             cuda::relabel_scratch_bytes(height, width, plane_.most),
                             cuda::fill_holes_scratch_bytes(height, width, plane_.most)})) {}

    void cluster(const Ends& ends, Variant variant, double largest_size) {
        const DeviceNumbers counts(stream, std::span(ends.counts.count));
        const DeviceNumbers bins(stream, std::span(ends.bins));
        cuda::DeviceArray<Seed> seeds(static_cast<std::size_t>(plane_.most));
        DeviceNumbers bin_labels(counts.size());
        DeviceNumbers at_edge(1);
        at_edge.zero(stream);
        cuda::find_seeds(stream, counts.data(), plane_.height, plane_.width, variant, plane_.most,
                         seeds.data(), count_.data(), scratch_.data());
        cuda::grow_seeds(stream, counts.data(), plane_.height, plane_.width, seeds.data(),
                         count_.data(), plane_.most, bin_labels.data(), at_edge.data());
        cuda::label_points(stream, bins.data(), bin_labels.data(), plane_, largest_size,
                           boxes_.data(), scratch_.data());
        EXPECT_EQ(at_edge.read(stream).at(0), 0U);
    }

    void check(const Flows& flows, Variant variant, double threshold) {
        const Numbers labels = this->labels();
        const auto boxes = measure_labels(one_thread, labels, plane_.height, plane_.width);
        const std::vector<double> errors = flow_errors(one_thread, labels, plane_.height,
                                                       plane_.width, boxes, flows.values, variant);
        const cuda::DeviceArray<double> there(stream, std::span(errors));
        cuda::erase_wrong(stream, plane_, there.data(), threshold);
        cuda::synchronize(stream);
    }

    void finish(std::int64_t min_size) {
        const auto remove = [&] {
            cuda::measure_labels(stream, plane_, boxes_.data());
            if (min_size > 0)
                cuda::remove_small(stream, plane_, boxes_.data(), min_size, scratch_.data());
        };
        remove();
        if (min_size > 0) cuda::measure_labels(stream, plane_, boxes_.data());
        cuda::fill_holes(stream, plane_, boxes_.data(), scratch_.data());
        remove();
    }

    Numbers labels() const { return labels_.read(stream); }

  private:
    DeviceNumbers labels_;
    DeviceNumbers count_;
    cuda::LabelPlane plane_;
    cuda::DeviceArray<cuda::DeviceBox> boxes_;
    cuda::DeviceArray<std::byte> scratch_;
};

void expect_golden(const test::Case& item, Variant variant) {
    const std::string suffix = variant == Variant::cpu ? "_cpu" : "_cuda";
    SCOPED_TRACE(item.name + suffix);
    const test::Npy dp = item.array("dP");
    const Flows flows{dp.shape.at(1), dp.shape.at(2), dp.floats(), item.array("cellprob").floats()};
    const Ends ends = follow(item, flows, variant);
    // Room for a few more than there are: the emulation's time goes with it.
    const std::int64_t most = std::ssize(find_seeds(one_thread, ends.counts, variant)) + 9;
    DeviceMasks masks(flows.height, flows.width, most);
    masks.cluster(ends, variant,
                  static_cast<double>(flows.height * flows.width) *
                      item.json.at("max_size_fraction").get<double>());
    const auto& threshold = item.json.at("flow_threshold");
    if (!threshold.is_null() && threshold.get<double>() > 0)
        masks.check(flows, variant, threshold.get<double>());
    EXPECT_TRUE(masks.labels() == item.array("labels" + suffix).labels());
    masks.finish(item.json.at("min_size").get<std::int64_t>());
    EXPECT_TRUE(masks.labels() == item.array("masks" + suffix).labels());
}

class ClusteringTwin : public testing::TestWithParam<int> {};

TEST_P(ClusteringTwin, GivesPythonsMasks) {
    std::size_t done = 0;
    const auto cases = test::cases("dynamics");
    for (std::size_t i = static_cast<std::size_t>(GetParam()); i < cases.size(); i += parts) {
        if (!cases[i].json.contains("files")) continue;
        expect_golden(cases[i], Variant::cpu);
        expect_golden(cases[i], Variant::cuda);
        ++done;
    }
    EXPECT_GT(done, 1U);
}

INSTANTIATE_TEST_SUITE_P(Golden, ClusteringTwin, testing::Range(0, parts));

}  // namespace
}  // namespace cytofleet
