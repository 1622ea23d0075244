// cuDNN (9.10 or newer, the graph API): one graph per shape and form, a convolution and the
// pointwise operations on its output (conv_graph.hpp). They are those of its runtime fusion
// engines' epilogues: channels last, values per channel broadcast as the second operand, float32
// between the steps, outputs beside the last. Where cuDNN refuses a form, another is taken
// (conv_plans.hpp). How each is computed is the affair of cudnn_kernels.hpp.
#include <cstdint>
#include <cudnn.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backend/cuda/conv_library.hpp"
#include "backend/cuda/cudnn_descriptor.hpp"
#include "backend/cuda/cudnn_graph.hpp"
#include "backend/cuda/cudnn_kernels.hpp"

namespace cytofleet::cuda {
namespace {

class CudnnPlan : public ConvPlan {
  public:
    CudnnPlan(cudnnHandle_t cudnn, CudnnGraph graph, CudnnDescriptor plan, const ConvFusion& form)
        : cudnn_(cudnn), graph_(std::move(graph)), plan_(std::move(plan)), form_(form) {
        plan_.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace_);
    }
    std::size_t workspace_bytes() const override { return static_cast<std::size_t>(workspace_); }
    void run(const ConvData& data, void* workspace) const override {
        std::vector<std::int64_t> ids;
        std::vector<const void*> places;
        for (const GraphOperand& operand : operands_of(form_, data)) {
            ids.push_back(operand.id);
            places.push_back(operand.data);
        }
        CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, std::ssize(ids), ids.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::ssize(places),
                 places.data());
        pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
        pack = std::move(pack).finish("a plan's arguments");
        check(cudnnBackendExecute(cudnn_, plan_.handle(), pack.handle()), "a convolution");
    }

  private:
    cudnnHandle_t cudnn_;
    CudnnGraph graph_;
    CudnnDescriptor plan_;
    ConvFusion form_;
    std::int64_t workspace_ = 0;
};

class Cudnn : public ConvLibrary {
  public:
    Cudnn(Stream stream, std::shared_ptr<CudnnKernels> kernels) : kernels_(std::move(kernels)) {
        check(cudnnCreate(&cudnn_), "start");
        if (const cudnnStatus_t status = cudnnSetStream(cudnn_, stream);
            status != CUDNN_STATUS_SUCCESS) {
            cudnnDestroy(cudnn_);
            check(status, "its stream");
        }
    }
    /// For a device that is only described.
    explicit Cudnn(std::shared_ptr<CudnnKernels> kernels) : kernels_(std::move(kernels)) {}
    ~Cudnn() override {
        if (cudnn_ != nullptr) cudnnDestroy(cudnn_);
    }
    Cudnn(const Cudnn&) = delete;
    Cudnn& operator=(const Cudnn&) = delete;

    std::string description() const override {
        const std::size_t version = cudnnGetVersion();
        return fmt::format("cuDNN {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
    }

    bool knows(const ConvShape& shape, const ConvFusion& form) const override {
        try {
            return kernels_->knows(cudnn_, shape, form);
        } catch (const DeviceError&) {
            // A form that cuDNN does not even let us describe. What is wrong with the device itself
            // shows when the sums alone are asked for.
            if (form.sums_only()) throw;
            return false;
        }
    }

    std::unique_ptr<ConvPlan> plan(const ConvShape& shape, const ConvFusion& form) const override {
        try {
            auto planned = kernels_->plan(cudnn_, shape, form);
            if (!planned) return nullptr;
            return std::make_unique<CudnnPlan>(cudnn_, std::move(planned->graph),
                                               std::move(planned->plan), form);
        } catch (const DeviceError&) {
            if (form.sums_only()) throw;
            return nullptr;
        }
    }

  private:
    cudnnHandle_t cudnn_ = nullptr;
    std::shared_ptr<CudnnKernels> kernels_;
};

std::shared_ptr<CudnnKernels> of_cudnn(const std::shared_ptr<ConvKernels>& kernels) {
    return std::static_pointer_cast<CudnnKernels>(kernels);
}

}  // namespace

std::unique_ptr<ConvLibrary> make_conv_library(Stream stream,
                                               const std::shared_ptr<ConvKernels>& kernels) {
    return std::make_unique<Cudnn>(stream, of_cudnn(kernels));
}

std::unique_ptr<ConvLibrary> make_paper_library(const std::shared_ptr<ConvKernels>& kernels) {
    return std::make_unique<Cudnn>(of_cudnn(kernels));
}

}  // namespace cytofleet::cuda
