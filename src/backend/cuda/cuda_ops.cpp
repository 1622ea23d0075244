#include "backend/cuda/cuda_ops.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "backend/convolve_check.hpp"
#include "backend/cuda/conv_plans.hpp"
#include "backend/cuda/conv_survey.hpp"
#include "backend/cuda/cuda_features.hpp"
#include "backend/cuda/cuda_layers.hpp"
#include "backend/cuda/device_pool.hpp"
#include "base/error.hpp"
#include "kernels/nn/planes_cuda.hpp"
#include "kernels/nn/pointwise_cuda.hpp"
#include "kernels/nn/style_cuda.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet {
namespace {

using cuda::CudaFeatures;
using cuda::MapSize;
using cuda::on_device;
using cuda::Scratch;
using cuda::values_of;

class CudaOps : public NnOps {
  public:
    CudaOps(Precision precision, cuda::Stream stream,
            const std::shared_ptr<cuda::ConvKernels>& kernels)
        : precision_(precision),
          stream_(stream),
          plans_(cuda::make_conv_library(stream, kernels)),
          work_(pool_, element_of(precision)) {}

    std::string description() const override {
        return fmt::format("{}, {}", plans_.library().description(), name_of(precision_));
    }

    std::vector<std::string> choices() const override { return plans_.choices(); }

    std::shared_ptr<Convolution> make_convolution(ConvNumbers numbers,
                                                  Sampling sampling) const override {
        return std::make_shared<cuda::CudaConvolution>(stream_, numbers, sampling,
                                                       element_of(precision_));
    }

    std::shared_ptr<Linear> make_linear(LinearNumbers numbers) const override {
        return std::make_shared<cuda::CudaLinear>(stream_, numbers);
    }

    std::shared_ptr<Projection> make_projection(const Affine& affine,
                                                const ConvNumbers& numbers) const override {
        return std::make_shared<cuda::CudaProjection>(stream_, affine, numbers);
    }

    Constant make_constant(std::span<const float> values) const override {
        auto out =
            std::make_shared<CudaFeatures>(pool_, 1, std::ssize(values), 1, 1,
                                           CudaFeatures::Layout::channels_last, cuda::Element::f32);
        upload(values, *out);
        out->make_constant();
        return out;
    }

    void for_pieces(
        std::int64_t n,
        const std::function<void(Workspace&, std::int64_t, std::int64_t)>& body) override {
        if (n > 0) body(work_, 0, n);
    }

    void trim() override { pool_.release_free(); }
    std::unique_ptr<Workspace> make_workspace() const override {
        return std::make_unique<cuda::RecordedWorkspace>(element_of(precision_));
    }

    void upload(std::span<const float> planes, Features& out) const override {
        ensure(std::ssize(planes) == size(out), "planes and features have one size");
        CudaFeatures& there = on_device(out);
        there.forget_copy();
        if (there.planar()) {
            cuda::copy_up(stream_, there.data(), planes.data(), planes.size_bytes());
            cuda::synchronize(stream_);  // the host's numbers may go now
            return;
        }
        const Scratch planar = beside(there, planes.size_bytes());
        cuda::copy_up(stream_, planar.data(), planes.data(), planes.size_bytes());
        cuda::maps_of_planes(stream_, planar.floats(), out.channels, {}, {}, there.data(),
                             there.size());
        cuda::synchronize(stream_);
    }

    void download(const Features& in, std::span<float> planes) const override {
        ensure(std::ssize(planes) == size(in), "planes and features have one size");
        const CudaFeatures& there = on_device(in);
        Scratch planar;
        const void* from = there.data();
        if (!there.planar()) {
            planar = beside(there, planes.size_bytes());
            cuda::planes_of_maps(stream_, there.data(), there.size(), in.channels, planar.floats());
            from = planar.data();
        }
        cuda::copy_down(stream_, planes.data(), from, planes.size_bytes());
        cuda::synchronize(stream_);
    }

    void convolve(Workspace& /*work*/, const Convolution& convolution, const Features& in,
                  const Activation& activation, Features& out,
                  const Epilogue& epilogue) const override {
        const auto& conv = static_cast<const cuda::CudaConvolution&>(convolution);
        check_convolve(conv.kind(), in, activation, out, epilogue);
        ensure(out.height * out.width > 1 && !on_device(out).planar(),
               "a convolution makes maps, not planes or values");
        CudaFeatures& y = on_device(out);
        y.forget_copy();
        const MapSize size = y.size();
        MapSize x_size = size;
        x_size.channels = cuda::padded_channels(in.channels);
        Scratch prepared;
        cuda::ConvData data;
        data.x = prepare(conv, on_device(in), activation, x_size, y.pool(), prepared);
        data.weights = conv.weights();
        const cuda::FusedPlan& chosen =
            plans_.get({out.n, x_size.channels, size.channels, out.height, out.width, conv.kernel(),
                        precision_},
                       cuda::wanted_fusion(out, epilogue, [](const Features& values) {
                           return on_device(values).constant();
                       }));
        // What is added may be the output, and must not be overwritten while it is read.
        Scratch fresh;
        if (epilogue.add == &out) fresh = beside(y, static_cast<std::size_t>(size.bytes()));
        data.y = epilogue.add == &out ? fresh.data() : y.data();
        cuda::Finish finish = finish_of(conv, epilogue, out);
        const bool copies_itself = chosen.form.copy_shift != cuda::PerChannel::none;
        Scratch copy;
        // Else the next convolution activates its input itself.
        if (epilogue.next.scale != nullptr && (copies_itself || chosen.form.sums_only())) {
            copy = beside(y, static_cast<std::size_t>(size.bytes()));
            finish.copy = {values_of(epilogue.next.scale), values_of(epilogue.next.shift),
                           copy.data()};
        }
        if (!chosen.form.sums_only()) {
            data.bias = finish.bias.data;
            data.add = finish.add;
            data.add_scale = finish.add_scale.data;
            data.copy_scale = finish.copy.scale.data;
            data.copy_shift = finish.copy.shift.data;
            data.copy = finish.copy.out;
        }
        {
            const Scratch workspace =
                beside(y, std::max<std::size_t>(chosen.plan->workspace_bytes(), 1));
            chosen.plan->run(data, workspace.data());
        }
        if (chosen.form.sums_only())
            cuda::finish_convolution(stream_, data.y, size, finish, y.data());
        else if (epilogue.add == &out)
            y.exchange(fresh);
        if (finish.copy.out != nullptr) y.keep_copy(epilogue.next, std::move(copy));
    }

    void max_pool(const Features& in, Features& out, const Activation& next) const override {
        ensure(in.n == out.n && in.channels == out.channels && in.height / 2 == out.height &&
                   in.width / 2 == out.width && !on_device(in).planar() &&
                   out.height * out.width > 1,
               "pooling halves maps");
        check_activation(next, out);
        CudaFeatures& pooled = on_device(out);
        pooled.forget_copy();
        Scratch copy;
        if (next.scale != nullptr)
            copy = beside(pooled, static_cast<std::size_t>(pooled.size().bytes()));
        cuda::max_pool(stream_, on_device(in).data(), on_device(in).size(), pooled.data(),
                       {values_of(next.scale), values_of(next.shift), copy.data()});
        if (next.scale != nullptr) pooled.keep_copy(next, std::move(copy));
    }

    void mean(const Features& in, Features& out) const override {
        ensure(in.n == out.n && in.channels == out.channels && out.height * out.width == 1 &&
                   !on_device(in).planar(),
               "a mean is a value per channel");
        cuda::mean_of_maps(stream_, on_device(in).data(), on_device(in).size(),
                           on_device(out).floats());
    }

    void unit_length(Features& values) const override {
        ensure(values.height * values.width == 1, "only values per channel have a length");
        cuda::unit_length(stream_, on_device(values).floats(), values.n, values.channels,
                          cuda::padded_channels(values.channels));
    }

    void linear(const Linear& linear, const Features& in, Features& out) const override {
        static_cast<const cuda::CudaLinear&>(linear).run(stream_, on_device(in), on_device(out));
    }

    void project(const Projection& projection, const Features& in, Features& out) const override {
        static_cast<const cuda::CudaProjection&>(projection)
            .run(stream_, on_device(in), on_device(out));
    }

  private:
    /// From the memory that the features are in, so that a record's work has all of its own.
    static Scratch beside(const CudaFeatures& features, std::size_t bytes) {
        return Scratch(features.pool(), bytes);
    }

    static cuda::Finish finish_of(const cuda::CudaConvolution& conv, const Epilogue& epilogue,
                                  const Features& out) {
        cuda::Finish finish;
        finish.bias = epilogue.bias == nullptr ? conv.bias() : values_of(epilogue.bias);
        if (epilogue.add != nullptr) {
            finish.add = on_device(*epilogue.add).data();
            finish.add_doubled = epilogue.add->height != out.height;
            finish.add_scale = values_of(epilogue.add_scale);
        }
        finish.relu = epilogue.relu;
        return finish;
    }

    /// The convolution's input, in `prepared` (of `pool`) unless `in` is it already.
    const void* prepare(const cuda::CudaConvolution& conv, const CudaFeatures& in,
                        const Activation& activation, const MapSize& x_size, cuda::DevicePool& pool,
                        Scratch& prepared) const {
        const bool doubled = conv.kind().sampling == Sampling::doubled;
        if (!in.planar() && !doubled) {
            if (activation.scale == nullptr) return in.data();
            prepared = in.take_copy(activation);
            if (prepared.data() != nullptr) return prepared.data();
        }
        const cuda::ChannelValues scale = values_of(activation.scale);
        const cuda::ChannelValues shift = values_of(activation.shift);
        if (!in.planar()) {
            prepared = Scratch(pool, static_cast<std::size_t>(x_size.bytes()));
            cuda::activate(stream_, in.data(), in.size(), scale, shift, prepared.data(), x_size);
            return prepared.data();
        }
        ensure(!doubled, "planes are not upsampled");
        prepared = Scratch(pool, static_cast<std::size_t>(x_size.bytes()));
        cuda::maps_of_planes(stream_, in.floats(), in.channels, scale, shift, prepared.data(),
                             x_size);
        return prepared.data();
    }

    Precision precision_;
    cuda::Stream stream_;
    mutable cuda::ConvPlans plans_;
    mutable cuda::DevicePool pool_;
    cuda::CudaWorkspace work_;
};

}  // namespace

std::shared_ptr<NnOps> make_cuda_ops(Precision precision, cuda::Stream stream,
                                     const std::shared_ptr<cuda::ConvKernels>& kernels) {
    return std::make_shared<CudaOps>(precision, stream, kernels);
}

Operations start_cuda(Precision precision, const std::shared_ptr<cuda::ConvKernels>& kernels) {
    struct Engine {
        cuda::OwnStream stream;
        CudaOps ops;
        Engine(Precision wanted, const std::shared_ptr<cuda::ConvKernels>& known)
            : ops(wanted, stream.get(), known) {}
    };
    const auto engine = std::make_shared<Engine>(precision, kernels);
    return {std::shared_ptr<NnOps>(engine, &engine->ops), engine->stream.get()};
}

}  // namespace cytofleet
