#include "backend/cpu/onednn_conv.hpp"

#include <algorithm>
#include <cstdint>

#include <omp.h>

#include "backend/cpu/pointwise.hpp"

namespace cytofleet::cpu {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

/// oneDNN plans for the threads OpenMP would give it; we want plans for one, always.
class OneThread {
  public:
    OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~OneThread() { omp_set_num_threads(before_); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

  private:
    int before_;
};

Tag blocked_tag(std::int64_t block) {
    return block == 16 ? Tag::nChw16c : Tag::nChw8c;
}

}  // namespace

OneDnnConvolution::OneDnnConvolution(dnnl::engine engine, ConvNumbers numbers, std::int64_t block,
                                     Sampling sampling)
    : engine_(std::move(engine)),
      numbers_(std::move(numbers)),
      block_(block),
      sampling_(sampling),
      bias_(padded(numbers_.bias, (numbers_.out + block - 1) / block * block)),
      ones_(bias_.size(), 1.0F),
      zeros_(bias_.size(), 0.0F) {}

dnnl::memory OneDnnConvolution::lay_out(const memory::desc& wanted) const {
    for (const auto& [desc, laid_out] : laid_out_)
        if (desc == wanted) return laid_out;
    const memory::desc plain({numbers_.out, numbers_.in, numbers_.kernel, numbers_.kernel},
                             Type::f32, Tag::oihw);
    // oneDNN's handle predates const; a reorder only reads its source.
    memory from(plain, engine_, const_cast<float*>(numbers_.weights.data()));
    memory to(wanted, engine_);
    dnnl::stream stream(engine_);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    laid_out_.emplace_back(wanted, to);
    return to;
}

std::shared_ptr<const OneDnnConvolution::Prepared> OneDnnConvolution::make(const Key& key) const {
    const OneThread planned_for_one;
    const memory::dims in{1, numbers_.in, key.height, key.width};
    const memory::dims out{1, numbers_.out, key.height, key.width};
    const memory::dims kernel{numbers_.out, numbers_.in, numbers_.kernel, numbers_.kernel};
    const memory::dims stride{1, 1};
    const memory::dims pad{numbers_.kernel / 2, numbers_.kernel / 2};
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::post_ops after;
    if (key.add) after.append_sum(1.0F);
    if (key.relu) after.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    attributes.set_post_ops(after);
    const memory::desc source(in, Type::f32, key.planar ? Tag::nchw : blocked_tag(block_));
    const memory::desc target(out, Type::f32, blocked_tag(block_));
    const dnnl::convolution_forward::desc plan(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, source,
        memory::desc(kernel, Type::f32, Tag::any), memory::desc({numbers_.out}, Type::f32, Tag::x),
        target, stride, pad, pad);
    const dnnl::convolution_forward::primitive_desc desc(plan, attributes, engine_);
    return std::make_shared<Prepared>(
        Prepared{desc, dnnl::convolution_forward(desc), lay_out(desc.weights_desc())});
}

std::shared_ptr<const OneDnnConvolution::Prepared> OneDnnConvolution::prepare(
    const Key& key) const {
    constexpr std::size_t most = 8;  // sizes of tiles in use at a time; frames of odd sizes age out
    const std::lock_guard lock(mutex_);
    auto& entry = prepared_[key];
    if (entry) return entry;
    auto made = make(key);
    if (prepared_.size() > most) prepared_.clear();
    prepared_[key] = made;
    return made;
}

void OneDnnConvolution::run(CpuWorkspace& work, const BlockedFeatures& in,
                            const Activation& activation, BlockedFeatures& out,
                            const Epilogue& epilogue) const {
    const BlockedFeatures* source = &in;
    std::unique_ptr<BlockedFeatures> active;
    if (activation.scale != nullptr) {
        active = work.make_like(in);
        const auto activate = in.block() == 1 ? affine_planes : affine;
        activate(in.view(), blocked(*activation.scale).per_channel(),
                 blocked(*activation.shift).per_channel(), true, active->view());
        source = active.get();
    }
    FeaturesPtr upsampled;
    if (sampling_ == Sampling::doubled) {
        upsampled = work.make(1, in.channels, out.height, out.width);
        BlockedFeatures& larger = blocked(*upsampled);
        copy(source->view(), larger.view());
        source = &larger;
    }
    if (epilogue.add != nullptr && (epilogue.add != &out || epilogue.add_scale != nullptr)) {
        const std::span<const float> scale =
            epilogue.add_scale == nullptr ? ones_ : blocked(*epilogue.add_scale).per_channel();
        affine(blocked(*epilogue.add).view(), scale, zeros_, false, out.view());
    }
    execute(work, *source, out,
            epilogue.bias == nullptr ? bias_.data() : blocked(*epilogue.bias).data(),
            epilogue.add != nullptr, epilogue.relu);
}

void OneDnnConvolution::execute(CpuWorkspace& work, const BlockedFeatures& in, BlockedFeatures& out,
                                const float* bias, bool add, bool relu) const {
    const auto prepared = prepare({out.height, out.width, in.block() == 1, add, relu});
    const auto& desc = prepared->desc;
    const auto scratch_size = static_cast<std::int64_t>(desc.scratchpad_desc().get_size());
    const auto scratch = work.scratch(scratch_size / 4 + 1);
    // oneDNN's handles predate const; a convolution only reads its source and bias.
    const memory source(desc.src_desc(), engine_, const_cast<float*>(in.data()));
    const memory target(desc.dst_desc(), engine_, out.data());
    const memory shift(desc.bias_desc(), engine_, const_cast<float*>(bias));
    const OneThread planned_for_one;
    prepared->primitive.execute(
        work.stream(), {{DNNL_ARG_SRC, source},
                        {DNNL_ARG_WEIGHTS, prepared->weights},
                        {DNNL_ARG_BIAS, shift},
                        {DNNL_ARG_DST, target},
                        {DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), engine_, scratch.data()}}});
    work.stream().wait();
}

}  // namespace cytofleet::cpu
