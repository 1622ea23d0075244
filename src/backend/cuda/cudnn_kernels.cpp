#include "backend/cuda/cudnn_kernels.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "backend/cuda/described_device.hpp"
#include "backend/cuda/kernel_cache_text.hpp"
#include "base/text.hpp"
#include "kernels/support/devices.hpp"

namespace cytofleet::cuda {
namespace {

constexpr std::chrono::seconds most_wait{60};

/// Kernels that cuDNN compiled for one graph of any size.
CudnnDescriptor cache_for(const CudnnDescriptor& graph) {
    CudnnDescriptor out(CUDNN_BACKEND_KERNEL_CACHE_DESCRIPTOR);
    out.set(CUDNN_ATTR_KERNEL_CACHE_OPERATION_GRAPH, graph);
    return std::move(out).finish("a kernel cache");
}

/// Kernels that another process had compiled. Throws DeviceError where cuDNN cannot read them.
CudnnDescriptor cache_from(const std::string& json) {
    CudnnDescriptor out(CUDNN_BACKEND_KERNEL_CACHE_DESCRIPTOR);
    out.set(CUDNN_ATTR_KERNEL_CACHE_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, std::ssize(json),
            json.data());
    return std::move(out).finish("kept kernels");
}

std::string text_of(const CudnnDescriptor& cache) {
    std::string out;
    std::int64_t size = cache.count(CUDNN_ATTR_KERNEL_CACHE_JSON_REPRESENTATION, CUDNN_TYPE_CHAR);
    out.resize(static_cast<std::size_t>(size));
    size =
        cache.get(CUDNN_ATTR_KERNEL_CACHE_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, size, out.data());
    out.resize(static_cast<std::size_t>(size));
    while (!out.empty() && out.back() == '\0') out.pop_back();
    return out;
}

/// Whether a plan with this cache compiles nothing.
bool holds(const CudnnDescriptor& cache, const Engine& engine) {
    std::int64_t found = 0;
    cudnnBackendDescriptor_t config = engine.config.handle();
    const cudnnStatus_t status =
        cudnnBackendGetAttribute(cache.handle(), CUDNN_ATTR_KERNEL_CACHE_IS_ENGINECFG_KERNEL_CACHED,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &found, &config);
    return status == CUDNN_STATUS_SUCCESS && found > 0;
}

CudnnDescriptor properties_of(int device) {
    const auto number = static_cast<std::int32_t>(device);
    CudnnDescriptor out(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    out.set(CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, 1, &number);
    return std::move(out).finish("a device's properties");
}

std::string json_of(const CudnnDescriptor& properties) {
    std::int64_t size =
        properties.count(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR);
    std::string out(static_cast<std::size_t>(size), '\0');
    properties.get(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, size, out.data());
    return out;
}

ConvShape reference_of(ConvShape shape) {
    shape.n = reference_batch;
    return shape;
}

}  // namespace

CudnnKernels::CudnnKernels(int device, std::filesystem::path folder)
    : device_(device), files_(std::move(folder)) {
    try {
        properties_ = properties_of(device);
        kind_ = device_kind(json_of(*properties_));
    } catch (const DeviceError& error) {
        properties_.reset();
        note(fmt::format("compiled kernels are not kept: {}", error.what()));
    }
}

CudnnKernels::CudnnKernels(const std::string& described, std::filesystem::path folder)
    : properties_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR), files_(std::move(folder)) {
    properties_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                     std::ssize(described) + 1, described.c_str());
    properties_ = std::move(*properties_).finish("a described device");
    kind_ = device_kind(json_of(*properties_));
}

KernelCounts CudnnKernels::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

std::vector<std::string> CudnnKernels::notes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

void CudnnKernels::note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (noted_.insert(text).second) notes_.push_back(text);
}

Target CudnnKernels::target_of(cudnnHandle_t cudnn) const {
    return {cudnn, cudnn == nullptr && properties_ ? &*properties_ : nullptr};
}

std::string CudnnKernels::key_of(const WantedConvolution& reference) const {
    return fmt::format("cuDNN {}; {}; {}; {}", cudnnGetVersion(), kind_, reference.shape.text(),
                       reference.form.text());
}

CudnnKernels::Ways& CudnnKernels::ways_of(const WantedConvolution& reference) {
    const std::lock_guard lock(mutex_);
    auto& out = ways_[reference];
    if (!out) out = std::make_unique<Ways>();
    return *out;
}

bool CudnnKernels::read(Ways& ways, const Target& target, const WantedConvolution& reference,
                        const CudnnDescriptor& graph) {
    if (kind_.empty() || ways.refused) return false;
    std::string problem;
    const auto record = files_.read(key_of(reference), problem);
    if (!problem.empty()) note(problem);
    if (!record) return false;
    try {
        const auto engine = engine_of(target, graph, record->choice);
        CudnnDescriptor cache = cache_from(record->cache);
        if (engine && holds(cache, *engine)) {
            ways.choices = {record->choice};
            ways.cache = std::move(cache);
            ways.read = true;
            const std::lock_guard lock(mutex_);
            ++counts_.read;
            return true;
        }
    } catch (const DeviceError&) {
        // cuDNN does not take what it wrote; it compiles again.
    }
    note(fmt::format("{}: cuDNN does not take kept kernels; they are compiled again",
                     show(files_.folder())));
    return false;
}

/// `ways.mutex` is held.
void CudnnKernels::find(Ways& ways, const Target& target, const WantedConvolution& reference) {
    if (ways.found) return;
    const auto& [shape, form] = reference;
    const bool fuses = !form.sums_only();
    const CudnnGraph graph(target.cudnn, shape, graph_of(shape, form), fuses);
    if (!fuses || !read(ways, target, reference, graph.whole())) {
        if (fuses) ways.cache = cache_for(graph.whole());
        std::vector<cudnnBackendHeurMode_t> modes{CUDNN_HEUR_MODE_A};
        // What is only meant to work somehow would be slower, fused, than kernels of our own.
        if (!fuses) modes.push_back(CUDNN_HEUR_MODE_FALLBACK);
        for (const cudnnBackendHeurMode_t mode : modes)
            for (Proposal& proposal : proposals(target, graph.whole(), mode))
                if (acceptable(proposal.notes, shape.precision) &&
                    engine_of(target, graph.whole(), proposal.choice))
                    ways.choices.push_back(std::move(proposal.choice));
    }
    ways.found = true;
}

/// Of what cuDNN writes and what is mended in it, what cuDNN finds again is kept; else nothing.
void CudnnKernels::keep(const Ways& ways, const EngineChoice& choice, const Target& target,
                        const WantedConvolution& reference) {
    if (kind_.empty() || files_.folder().empty()) return;
    try {
        const auto& [shape, form] = reference;
        const CudnnGraph graph(target.cudnn, shape, graph_of(shape, form), true);
        const auto engine = engine_of(target, graph.whole(), choice);
        const std::string json = text_of(*ways.cache);
        for (const std::string& text : {json, with_spare_knobs(json)}) {
            if (!engine || !holds(cache_from(text), *engine)) continue;
            const std::string problem = files_.write(key_of(reference), {choice, text});
            if (!problem.empty()) return note("compiled kernels are not kept: " + problem);
            const std::lock_guard lock(mutex_);
            ++counts_.kept;
            return;
        }
        note("compiled kernels are not kept: this cuDNN does not find what it wrote");
    } catch (const DeviceError& error) {
        note(fmt::format("compiled kernels are not kept: {}", error.what()));
    }
}

/// `ways.mutex` is held.
std::optional<PlannedGraph> CudnnKernels::try_plan(Ways& ways, const Target& target,
                                                   const WantedConvolution& wanted) {
    const auto& [shape, form] = wanted;
    const WantedConvolution reference{reference_of(shape), form};
    find(ways, target, reference);
    const bool fuses = !form.sums_only();
    CudnnGraph graph(target.cudnn, shape, graph_of(shape, form), fuses);
    for (const EngineChoice& choice : ways.choices) {
        const std::optional<Engine> engine = engine_of(target, graph.whole(), choice);
        if (!engine) continue;
        std::shared_ptr<const KernelLock> turn;
        const bool compiles = fuses && !holds(*ways.cache, *engine);
        if (compiles) {
            turn = take_turn();
            // Somebody else may have compiled it while we waited.
            if (!ways.read && read(ways, target, reference, graph.whole()))
                return try_plan(ways, target, wanted);
        }
        CudnnDescriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        if (target.properties != nullptr)
            plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
        else
            plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &target.cudnn);
        plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine->config);
        if (fuses) plan.set(CUDNN_ATTR_EXECUTION_PLAN_KERNEL_CACHE, *ways.cache);
        if (!plan.try_to_finish()) continue;
        if (compiles) {
            {
                const std::lock_guard lock(mutex_);
                ++counts_.compiled;
            }
            keep(ways, choice, target, reference);
        }
        return PlannedGraph{std::move(graph), std::move(plan)};
    }
    return std::nullopt;
}

std::shared_ptr<const KernelLock> CudnnKernels::take_turn() {
    const std::lock_guard lock(turn_mutex_);
    auto out = turn_.lock();
    if (!out) {
        out = std::make_shared<const KernelLock>(files_, most_wait);
        turn_ = out;
    }
    return out;
}

bool CudnnKernels::knows(cudnnHandle_t cudnn, const ConvShape& shape, const ConvFusion& form) {
    const WantedConvolution reference{reference_of(shape), form};
    Ways& ways = ways_of(reference);
    const std::lock_guard lock(ways.mutex);
    find(ways, target_of(cudnn), reference);
    return !ways.choices.empty();
}

std::optional<PlannedGraph> CudnnKernels::plan(cudnnHandle_t cudnn, const ConvShape& shape,
                                               const ConvFusion& form) {
    const WantedConvolution wanted{shape, form};
    const Target target = target_of(cudnn);
    Ways& ways = ways_of({reference_of(shape), form});
    const std::lock_guard lock(ways.mutex);
    auto out = try_plan(ways, target, wanted);
    if (out || !ways.read) return out;
    note(fmt::format("{}: kept kernels do not run here; they are compiled again",
                     show(files_.folder())));
    ways.found = ways.read = false;
    ways.refused = true;
    ways.choices.clear();
    return try_plan(ways, target, wanted);
}

void CudnnKernels::prepare_one(const WantedConvolution& wanted) {
    for (const ConvFusion& form : forms_of(wanted.form)) {
        try {
            if (plan(nullptr, wanted.shape, form)) return;
        } catch (const DeviceError&) {
            // Shows, or is done without, when it is asked for.
        }
    }
}

void CudnnKernels::prepare(std::span<const WantedConvolution> wanted, int threads) {
    if (!properties_) return;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        try {
            if (device_) use_device(*device_);
            for (std::size_t i = next++; i < wanted.size(); i = next++) prepare_one(wanted[i]);
        } catch (const std::exception&) {
            // As above; also where memory is short.
        }
    };
    std::vector<std::jthread> team;
    for (int i = 1; i < std::min(threads, static_cast<int>(wanted.size())); ++i)
        team.emplace_back(work);
    work();
}

std::shared_ptr<ConvKernels> open_conv_kernels(int device, const std::filesystem::path& folder) {
    return std::make_shared<CudnnKernels>(device, folder);
}

std::shared_ptr<ConvKernels> open_described_kernels(const std::string& device,
                                                    const std::filesystem::path& folder) {
    return std::make_shared<CudnnKernels>(device, folder);
}

}  // namespace cytofleet::cuda
