// Whole frames on the device: up once, labels down, against the CPU's Cellpose.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/cuda_ops.hpp"
#include "gpu/test_kernels.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"
#include "models/golden_model.hpp"
#include "support/agreement.hpp"
#include "support/numbers.hpp"

namespace cytofleet {
namespace {

constexpr double bar = 0.01;  // for whole runs, where networks differ in their last bits

/// Cells of about 22 pixels on a grid, in any pixel type.
template <class Pixel>
Image blobs(PixelType type, std::int64_t height, std::int64_t width, double top,
            std::uint32_t seed) {
    Image out{type, height, width, {}};
    out.bytes.resize(static_cast<std::size_t>(height * width) * sizeof(Pixel));
    const auto noise = test::random_floats(height * width, seed);
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
            const auto at = static_cast<std::size_t>(y * width + x);
            const double dy = static_cast<double>(y % 32) - 16;
            const double dx = static_cast<double>(x % 28) - 14;
            const double value = 0.1 + (dy * dy + dx * dx < 120 ? 0.6 : 0) + 0.03 * (noise[at] + 1);
            const auto pixel = static_cast<Pixel>(value * top);
            std::memcpy(out.bytes.data() + at * sizeof(Pixel), &pixel, sizeof(Pixel));
        }
    return out;
}

/// A device's Cellpose put together as Cellpose does it in builds with CUDA.
class OnDevice {
  public:
    explicit OnDevice(CellposeSettings settings, const std::string& model = "cyto_mini")
        : engine_(start_cuda(Precision::fp32, cuda::test_kernels())),
          net_(engine_.ops, test::weights_of(model)) {
        const Weights weights = test::weights_of(model);
        const Scale scale = choose_scale(read_diameters(weights), std::nullopt, settings.diameter);
        settings.masks.niter =
            settings.niter > 0 ? settings.niter : scale.default_steps(settings.resample);
        segmenter_ = cuda::make_device_segmenter(engine_.stream, net_, scale, settings);
    }
    std::vector<SegmentResult> operator()(const std::vector<Image>& images) {
        std::vector<const Image*> planes;
        planes.reserve(images.size());
        for (const Image& image : images) planes.push_back(&image);
        return segmenter_->segment(planes);
    }
    std::vector<std::string> notes() { return segmenter_->notes(); }

  private:
    Operations engine_;
    CpNet net_;
    std::unique_ptr<Segmenter> segmenter_;
};

CellposeSettings settings_with(const std::function<void(CellposeSettings&)>& change = nullptr) {
    CellposeSettings out;
    out.batch_size = 3;
    out.niter = 60;
    if (change) change(out);
    return out;
}

void expect_cpu(const CellposeSettings& settings, const std::vector<Image>& images,
                const std::string& what) {
    SCOPED_TRACE(what);
    Cellpose cpu(test::weights_of("cyto_mini"), std::nullopt, settings);
    std::vector<const Image*> planes;
    for (const Image& image : images) planes.push_back(&image);
    const auto wanted = cpu.segment(planes);
    const auto got = OnDevice(settings)(images);
    ASSERT_EQ(got.size(), wanted.size());
    std::uint32_t cells = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        cells += got[i].labels.cells;
        EXPECT_EQ(got[i].failure, wanted[i].failure);
        EXPECT_EQ(got[i].warnings, wanted[i].warnings);
        EXPECT_EQ(got[i].labels.height, wanted[i].labels.height);
        EXPECT_EQ(got[i].labels.width, wanted[i].labels.width);
        ASSERT_EQ(got[i].labels.labels.size(), wanted[i].labels.labels.size());
        EXPECT_LE(test::agreement(wanted[i].labels.labels, got[i].labels.labels).distance(), bar)
            << i;
    }
    EXPECT_GT(cells, 0U);
}

TEST(SegmenterTwin, PixelTypesAndSizesInOneCall) {
    const std::vector<Image> images{
        blobs<std::uint8_t>(PixelType::u8, 40, 36, 200, 1),
        blobs<std::uint16_t>(PixelType::u16, 40, 36, 40000, 2),
        blobs<float>(PixelType::f32, 35, 50, 3, 3),
        blobs<std::int16_t>(PixelType::i16, 40, 36, 9000, 4),
        blobs<double>(PixelType::f64, 41, 36, 1, 5),
    };
    expect_cpu(settings_with(), images, "all types");
}

TEST(SegmenterTwin, Settings) {
    const std::vector<Image> images{blobs<float>(PixelType::f32, 40, 36, 1, 7)};
    const std::vector<std::pair<std::string, std::function<void(CellposeSettings&)>>> changes{
        {"cuda dynamics", [](auto& s) { s.masks.variant = Variant::cuda; }},
        {"flow QC", [](auto& s) { s.masks.flow_threshold = 2; }},
        {"inverted", [](auto& s) { s.normalize.invert = true; }},
        {"other percentiles",
         [](auto& s) {
             s.normalize.percentile = {3, 97};
         }},
        {"not normalised", [](auto& s) { s.normalize.normalize = false; }},
        {"sharpened", [](auto& s) { s.normalize.sharpen_radius = 3; }},
        {"between numbers",
         [](auto& s) {
             s.normalize.lowhigh = std::array{std::array{0.1, 0.75}, std::array{0.0, 1.0}};
         }},
        {"smaller", [](auto& s) { s.diameter = 29; }},
        {"larger, at the network's size", [](auto& s) { s.diameter = 22, s.resample = false; }},
    };
    for (const auto& [what, change] : changes) expect_cpu(settings_with(change), images, what);
}

TEST(SegmenterTwin, NeitherNeighboursNorTheBatchShow) {
    std::vector<Image> images;
    for (std::uint32_t i = 0; i < 4; ++i)
        images.push_back(blobs<std::uint16_t>(PixelType::u16, i == 3 ? 70 : 40, 36, 5000, i));
    OnDevice together(settings_with());
    const auto pooled = together(images);
    for (const std::int64_t batch : {1, 64}) {
        OnDevice alone(settings_with([&](auto& s) { s.batch_size = batch; }));
        for (std::size_t i = 0; i < images.size(); ++i)
            EXPECT_TRUE(alone({images[i]}).at(0).labels.labels == pooled[i].labels.labels) << i;
    }
    // The same memory again.
    const auto again = together(images);
    for (std::size_t i = 0; i < images.size(); ++i)
        EXPECT_TRUE(again[i].labels.labels == pooled[i].labels.labels) << i;
}

TEST(SegmenterTwin, FramesThatCannotBeSegmentedLeaveTheOthersAlone) {
    std::vector<Image> images{
        blobs<float>(PixelType::f32, 40, 40, 1, 1),
        blobs<float>(PixelType::f32, 40, 40, 1, 1),
        Image{PixelType::u16, 40, 40, std::vector<std::byte>(3200, std::byte{1})},
        blobs<float>(PixelType::f32, 40, 40, 1, 1),
        Image{PixelType::u8, 1, 2, {std::byte{0}, std::byte{1}}},
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(images[1].bytes.data() + 400, &nan, sizeof(nan));
    const auto settings = settings_with([](auto& s) { s.diameter = 60, s.masks.min_size = 1; });
    expect_cpu(settings, images, "bad frames");
    const auto results = OnDevice(settings)(images);
    EXPECT_EQ(results[1].warnings.size(), 1U);
    EXPECT_EQ(results[2].warnings.size(), 1U);
    EXPECT_NE(results[4].failure, "");
    EXPECT_TRUE(results[0].labels.labels == results[3].labels.labels);
    EXPECT_TRUE(OnDevice(settings)({}).empty());
}

}  // namespace
}  // namespace cytofleet
