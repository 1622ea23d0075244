// Convolutions of the emulation: plain loops in the layouts that cuDNN is given. In TF32 the
// factors of products are rounded, and sums are as in fp32.
#include "backend/cuda/conv_library.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "gpu/emulation/half.cuh"
#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/refusals.hpp"
#include "gpu/emulation/stream.hpp"
#include "gpu/fraction_bits.hpp"

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

/// Executes the graph that cuDNN is given, tensor by tensor.
class PlainPlan : public ConvPlan {
  public:
    PlainPlan(Stream stream, const ConvShape& shape, const ConvFusion& form)
        : stream_(stream), shape_(shape), form_(form), graph_(graph_of(shape, form)) {}
    /// Odd, and written to: a caller who gives less is found by a sanitizer.
    std::size_t workspace_bytes() const override { return 1001; }

    void run(const ConvData& data, void* workspace) const override {
        const emulation::Inside inside;
        emulation::put(stream_, {[plan = *this, data, workspace] { plan.compute(data, workspace); },
                                 emulation::names_of(data, workspace)});
    }

  private:
    void compute(const ConvData& data, void* workspace) const {
        static_cast<unsigned char*>(workspace)[1000] = 1;
        for (const void* read_only : {data.x, data.weights, data.add})
            ensure(read_only == nullptr || (data.y != read_only && data.copy != read_only),
                   "outputs have memory of their own");
        std::map<std::int64_t, Place> places;
        for (const GraphOperand& operand : operands_of(form_, data))
            places[operand.id].data = const_cast<void*>(operand.data);
        for (const GraphTensor& tensor : graph_.tensors) {
            Place& place = places[tensor.id];
            place.tensor = &tensor;
            if (tensor.passing) {
                const auto& sizes = tensor.layout.sizes;
                place.passing.resize(
                    static_cast<std::size_t>(sizes[0] * sizes[1] * sizes[2] * sizes[3]));
                place.data = place.passing.data();
            }
            ensure(place.data != nullptr, "every tensor in memory has an operand");
        }
        sum(places.at(graph_.x), places.at(graph_.weights), places.at(graph_.sums));
        for (const GraphStep& step : graph_.steps)
            take(step, places.at(step.in),
                 step.kind == GraphStep::Kind::relu ? nullptr : &places.at(step.with),
                 places.at(step.out));
    }

    struct Place {
        const GraphTensor* tensor = nullptr;
        void* data = nullptr;
        std::vector<float> passing;

        /// Where a size is 1, all places of it are one.
        std::int64_t index(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
            const auto& [sizes, strides] = tensor->layout;
            std::int64_t out = 0;
            const std::int64_t at[] = {n, c, y, x};
            for (std::size_t i = 0; i < 4; ++i)
                if (sizes[i] > 1) out += at[i] * strides[i];
            return out;
        }
        float get(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
            return read(data, index(n, c, y, x), tensor->element);
        }
        void set(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x, float value) {
            write(data, index(n, c, y, x), tensor->element, value);
        }
    };

    void sum(const Place& x, const Place& weights, Place& out) const {
        std::vector<double> sums(static_cast<std::size_t>(shape_.out));
        for (std::int64_t n = 0; n < shape_.n; ++n)
            for (std::int64_t row = 0; row < shape_.height; ++row)
                for (std::int64_t column = 0; column < shape_.width; ++column)
                    pixel(x, weights, out, n, row, column, sums);
    }

    void pixel(const Place& x, const Place& weights, Place& out, std::int64_t n, std::int64_t row,
               std::int64_t column, std::vector<double>& sums) const {
        sums.assign(sums.size(), 0.0);
        for (std::int64_t i = 0; i < shape_.kernel * shape_.kernel; ++i) {
            const std::int64_t ky = i / shape_.kernel;
            const std::int64_t kx = i % shape_.kernel;
            const std::int64_t r = row + ky - shape_.kernel / 2;
            const std::int64_t c = column + kx - shape_.kernel / 2;
            if (r < 0 || r >= shape_.height || c < 0 || c >= shape_.width) continue;
            for (std::int64_t from = 0; from < shape_.in; ++from) {
                const auto value = factor(x.get(n, from, r, c));
                if (value == 0) continue;
                for (std::int64_t to = 0; to < shape_.out; ++to)
                    sums[static_cast<std::size_t>(to)] +=
                        value * factor(weights.get(to, from, ky, kx));
            }
        }
        for (std::int64_t to = 0; to < shape_.out; ++to)
            out.set(n, to, row, column, static_cast<float>(sums[static_cast<std::size_t>(to)]));
    }

    double factor(float value) const {
        const bool rounded = shape_.precision == Precision::tf32;
        return static_cast<double>(rounded ? test::rounded_to(10, value) : value);
    }

    void take(const GraphStep& step, const Place& in, const Place* with, Place& out) const {
        for (std::int64_t n = 0; n < shape_.n; ++n)
            for (std::int64_t y = 0; y < shape_.height; ++y)
                for (std::int64_t x = 0; x < shape_.width; ++x)
                    for (std::int64_t c = 0; c < shape_.out; ++c) {
                        const float a = in.get(n, c, y, x);
                        const float b = with == nullptr ? 0.0F : with->get(n, c, y, x);
                        out.set(n, c, y, x, result(step.kind, a, b));
                    }
    }
    static float result(GraphStep::Kind kind, float a, float b) {
        switch (kind) {
            case GraphStep::Kind::add:
                return a + b;
            case GraphStep::Kind::multiply:
                return a * b;
            case GraphStep::Kind::relu:
                return a < 0.0F ? 0.0F : a;
        }
        return 0.0F;
    }

    Stream stream_;
    ConvShape shape_;
    ConvFusion form_;
    ConvGraph graph_;
};

/// Counts as compiled what cuDNN would compile.
class PlainKernels : public ConvKernels {
  public:
    void prepare(std::span<const WantedConvolution> wanted, int /*threads*/) override {
        for (const WantedConvolution& each : wanted)
            for (const ConvFusion& form : forms_of(each.form)) {
                if (refusals() && refusals()(each.shape, form)) continue;
                note(each.shape, form);
                break;
            }
    }
    KernelCounts counts() const override { return {std::ssize(compiled_), 0, 0}; }
    std::vector<std::string> notes() override { return {}; }
    void note(ConvShape shape, const ConvFusion& form) {
        shape.n = reference_batch;
        if (!form.sums_only()) compiled_.insert({shape, form});
    }

  private:
    std::set<WantedConvolution> compiled_;
};

class PlainLibrary : public ConvLibrary {
  public:
    PlainLibrary(Stream stream, std::shared_ptr<PlainKernels> kernels)
        : stream_(stream), kernels_(std::move(kernels)) {}
    std::string description() const override { return "emulation"; }
    bool knows(const ConvShape& shape, const ConvFusion& form) const override {
        return !refusals() || !refusals()(shape, form);
    }
    std::unique_ptr<ConvPlan> plan(const ConvShape& shape, const ConvFusion& form) const override {
        if (!knows(shape, form)) return nullptr;
        kernels_->note(shape, form);
        return std::make_unique<PlainPlan>(stream_, shape, form);
    }

  private:
    Stream stream_;
    std::shared_ptr<PlainKernels> kernels_;
};

}  // namespace

Refusals& refusals() {
    static Refusals what;
    return what;
}

std::shared_ptr<ConvKernels> open_conv_kernels(int /*device*/,
                                               const std::filesystem::path& /*folder*/) {
    return std::make_shared<PlainKernels>();
}

std::unique_ptr<ConvLibrary> make_conv_library(Stream stream,
                                               const std::shared_ptr<ConvKernels>& kernels) {
    return std::make_unique<PlainLibrary>(stream, std::static_pointer_cast<PlainKernels>(kernels));
}

}  // namespace cytofleet::cuda
