#include <cmath>
#include <cstdint>
#include <cublasLt.h>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "gpu/bench/patterns.hpp"
#include "gpu/bench/peaks.hpp"
#include "gpu/bench/timing.hpp"
#include "kernels/support/streams.hpp"

namespace cytofleet::bench {
namespace {

constexpr std::int64_t side = 8192;
constexpr std::size_t workspace_bytes = std::size_t{64} << 20;
constexpr std::size_t pattern = std::size_t{1} << 20;  // numbers that repeat in a matrix

void check(cublasStatus_t status, const char* call) {
    if (status != CUBLAS_STATUS_SUCCESS)
        throw cuda::DeviceError(
            fmt::format("{} failed: {}", call, cublasLtGetStatusString(status)));
}

/// What cuBLASLt makes with one function and takes back with another.
template <class T, cublasStatus_t (*destroy)(T)>
struct Destroy {
    void operator()(T made) const { destroy(made); }
};
template <class T, cublasStatus_t (*destroy)(T)>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, Destroy<T, destroy>>;
using Handle = Owned<cublasLtHandle_t, cublasLtDestroy>;
using Product = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// +-[0.5, 1) with 10 random bits of fraction, exact in fp16 and TF32: zeros would let the clock
/// rise.
std::vector<float> random_numbers(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<float> out(pattern);
    for (float& value : out) {
        const auto bits = random();
        const float size = 0.5F + static_cast<float>(bits % 1024) / 2048;
        value = (bits >> 31) == 0 ? size : -size;
    }
    return out;
}

float float_of(std::uint16_t half) {
    const int exponent = half >> 10 & 0x1F;
    const double size = exponent == 0 ? std::ldexp(half & 0x3FF, -24)
                                      : std::ldexp(1024 + (half & 0x3FF), exponent - 25);
    return static_cast<float>((half & 0x8000) != 0 ? -size : size);
}

/// A square matrix of fp16 or float32 numbers.
class Matrix {
  public:
    Matrix(cudaDataType_t type, std::size_t bytes_each)
        : each_(bytes_each), memory_(side * side * bytes_each) {
        cublasLtMatrixLayout_t made = nullptr;
        check(cublasLtMatrixLayoutCreate(&made, type, side, side, side),
              "cublasLtMatrixLayoutCreate");
        layout_.reset(made);
    }
    void fill(cuda::Stream stream, const std::vector<float>& numbers) {
        std::vector<std::uint16_t> halves;
        const void* from = numbers.data();
        if (each_ == 2) {
            for (const float number : numbers) halves.push_back(half_of(number));
            from = halves.data();
        }
        const std::size_t bytes = pattern * each_;
        cuda::copy_up(stream, memory_.data(), from, bytes);
        cuda::synchronize(stream);
        for (std::size_t at = bytes; at < memory_.size(); at += bytes)
            cuda::copy_across(stream, memory_.data() + at, memory_.data(), bytes);
    }
    float first(cuda::Stream stream) const {
        std::uint16_t half = 0;
        float single = 0;
        cuda::copy_down(stream, each_ == 2 ? static_cast<void*>(&half) : &single, memory_.data(),
                        each_);
        cuda::synchronize(stream);
        return each_ == 2 ? float_of(half) : single;
    }
    void* data() { return memory_.data(); }
    cublasLtMatrixLayout_t layout() const { return layout_.get(); }

  private:
    std::size_t each_;
    cuda::DeviceArray<std::byte> memory_;
    Layout layout_;
};

}  // namespace

double product_rate(Report& report, Precision precision, int rounds) {
    const bool halves = precision == Precision::fp16;
    const cudaDataType_t type = halves ? CUDA_R_16F : CUDA_R_32F;
    const std::size_t each = halves ? 2 : 4;
    const cuda::OwnStream own;
    const cuda::Stream stream = own.get();

    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "cublasLtCreate");
    const Handle handle_owner(handle);
    cublasLtMatmulDesc_t product = nullptr;
    check(cublasLtMatmulDescCreate(
              &product, halves ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    const Product product_owner(product);
    // Columns of both are what is multiplied: the layout every tensor core likes.
    const std::int32_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)),
          "cublasLtMatmulDescSetAttribute");
    Matrix a(type, each);
    Matrix b(type, each);
    Matrix c(type, each);
    const std::vector<float> left = random_numbers(1);
    const std::vector<float> right = random_numbers(2);
    a.fill(stream, left);
    b.fill(stream, right);

    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const Preference preference_owner(preference);
    check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &workspace_bytes, sizeof(workspace_bytes)),
          "cublasLtMatmulPreferenceSetAttribute");
    cublasLtMatmulHeuristicResult_t plan{};
    int plans = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, product, a.layout(), b.layout(), c.layout(),
                                         c.layout(), preference, 1, &plan, &plans),
          "cublasLtMatmulAlgoGetHeuristic");
    if (plans < 1) throw cuda::DeviceError("cuBLASLt has no way to multiply two matrices");

    cuda::DeviceArray<std::byte> workspace(workspace_bytes);
    const float one = 1;
    const float zero = 0;
    const double seconds = median_seconds(stream, rounds, [&] {
        check(cublasLtMatmul(handle, product, &one, a.data(), a.layout(), b.data(), b.layout(),
                             &zero, c.data(), c.layout(), c.data(), c.layout(), &plan.algo,
                             workspace.data(), workspace.size(), stream),
              "cublasLtMatmul");
    });
    double wanted = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(side); ++k)
        wanted += static_cast<double>(left[k]) * static_cast<double>(right[k]);
    const double got = static_cast<double>(c.first(stream));
    if (!(std::abs(got - wanted) <= 0.25))
        report.wrong(fmt::format("the {} product of two matrices begins with {} instead of {}",
                                 name_of(precision), got, wanted));
    return 2.0 * side * side * side / seconds;
}

}  // namespace cytofleet::bench
