// Convolutions of the emulation: plain loops in the layouts that cuDNN is given.
#include "backend/cuda/conv_library.hpp"

#include <vector>

#include "gpu/emulation/half.cuh"

namespace cytofleet::cuda {
namespace {

float read(const void* data, std::int64_t at, Element element) {
    return element == Element::f32 ? static_cast<const float*>(data)[at]
                                   : __half2float(static_cast<const __half*>(data)[at]);
}
void write(void* data, std::int64_t at, Element element, float value) {
    if (element == Element::f32)
        static_cast<float*>(data)[at] = value;
    else
        static_cast<__half*>(data)[at] = __float2half_rn(value);
}

class PlainPlan : public ConvPlan {
  public:
    explicit PlainPlan(const ConvShape& shape) : shape_(shape) {}
    /// Odd, and written to: a caller who gives less is found by a sanitizer.
    std::size_t workspace_bytes() const override { return 1001; }
    void run(const void* x, const void* weights, void* y, void* workspace) const override {
        static_cast<unsigned char*>(workspace)[1000] = 1;
        std::vector<double> sums(static_cast<std::size_t>(shape_.out));
        for (std::int64_t n = 0; n < shape_.n; ++n)
            for (std::int64_t row = 0; row < shape_.height; ++row)
                for (std::int64_t column = 0; column < shape_.width; ++column)
                    pixel(x, weights, y, n, row, column, sums);
    }

  private:
    void pixel(const void* x, const void* weights, void* y, std::int64_t n, std::int64_t row,
               std::int64_t column, std::vector<double>& sums) const {
        const Element element = element_of(shape_.precision);
        const TensorLayout in = input_layout(shape_);
        const TensorLayout numbers = weights_layout(shape_);
        const TensorLayout out = output_layout(shape_);
        sums.assign(sums.size(), 0.0);
        for (std::int64_t i = 0; i < shape_.kernel * shape_.kernel; ++i) {
            const std::int64_t ky = i / shape_.kernel;
            const std::int64_t kx = i % shape_.kernel;
            const std::int64_t r = row + ky - shape_.kernel / 2;
            const std::int64_t c = column + kx - shape_.kernel / 2;
            if (r < 0 || r >= shape_.height || c < 0 || c >= shape_.width) continue;
            for (std::int64_t from = 0; from < shape_.in; ++from) {
                const auto value =
                    static_cast<double>(read(x,
                                             n * in.strides[0] + from * in.strides[1] +
                                                 r * in.strides[2] + c * in.strides[3],
                                             element));
                if (value == 0) continue;
                for (std::int64_t to = 0; to < shape_.out; ++to)
                    sums[static_cast<std::size_t>(to)] +=
                        value * static_cast<double>(
                                    read(weights,
                                         to * numbers.strides[0] + from * numbers.strides[1] +
                                             ky * numbers.strides[2] + kx * numbers.strides[3],
                                         element));
            }
        }
        for (std::int64_t to = 0; to < shape_.out; ++to)
            write(y,
                  n * out.strides[0] + to * out.strides[1] + row * out.strides[2] +
                      column * out.strides[3],
                  element, static_cast<float>(sums[static_cast<std::size_t>(to)]));
    }

    ConvShape shape_;
};

class PlainLibrary : public ConvLibrary {
  public:
    std::string description() const override { return "emulation"; }
    std::unique_ptr<ConvPlan> plan(const ConvShape& shape) const override {
        return std::make_unique<PlainPlan>(shape);
    }
};

}  // namespace

std::unique_ptr<ConvLibrary> make_conv_library(Stream /*stream*/) {
    return std::make_unique<PlainLibrary>();
}

}  // namespace cytofleet::cuda
