// The host's memory refused at each place of a call in turn: the call ends with an exception, and
// the next one knows nothing of its frames. Only in the program that runs on the emulation, whose
// operator new this is.
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/cuda_ops.hpp"
#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/replays.hpp"
#include "models/cellpose/cellpose.hpp"
#include "models/cellpose/cuda/device_segmenter.hpp"
#include "models/golden_model.hpp"

namespace {

/// Allocations of this thread until one fails; below 0: none does.
thread_local std::int64_t before_failure = -1;

void* allocate(std::size_t bytes) noexcept {
    if (before_failure >= 0 && !cytofleet::emulation::Inside::now() && before_failure-- == 0)
        return nullptr;
    return std::malloc(bytes == 0 ? 1 : bytes);  // NOLINT(cppcoreguidelines-no-malloc): new itself
}

void release(void* memory) noexcept {
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): it came so
}

void* allocate_or_throw(std::size_t bytes) {
    void* const out = allocate(bytes);
    if (out == nullptr) throw std::bad_alloc();
    return out;
}

}  // namespace

void* operator new(std::size_t bytes) {
    return allocate_or_throw(bytes);
}
void* operator new[](std::size_t bytes) {
    return allocate_or_throw(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
    return allocate(bytes);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete[](void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    release(memory);
}

namespace cytofleet {
namespace {

Image ramp(std::int64_t height, std::int64_t width, std::int64_t step) {
    Image out{PixelType::u8, height, width, {}};
    for (std::int64_t i = 0; i < height * width; ++i)
        out.bytes.push_back(static_cast<std::byte>(i * step / 64 % 256));
    return out;
}

struct Rig {
    Operations engine = start_cuda(Precision::fp32);
    CpNet net{engine.ops, test::weights_of("cyto_tiny")};
    std::unique_ptr<Segmenter> segmenter;
    Rig() {
        CellposeSettings settings;
        settings.batch_size = 2;
        settings.masks.niter = 3;
        settings.masks.min_size = -1;
        settings.masks.cellprob_threshold = -100;
        segmenter = cuda::make_device_segmenter(engine.stream, net, Scale::single(1, 1), settings);
    }
    std::vector<std::uint32_t> labels_of(const Image& frame) {
        const std::vector<const Image*> planes{&frame};
        auto found = segmenter->segment(planes);
        EXPECT_EQ(found.at(0).failure, "");
        return std::move(found.at(0).labels.labels);
    }
};

/// True if it failed.
bool fails_at(std::int64_t k, Rig& rig, const Image& frame) {
    const std::vector<const Image*> planes{&frame, &frame, &frame};
    bool failed = false;
    before_failure = k;
    try {
        rig.segmenter->segment(planes);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    before_failure = -1;
    return failed;
}

/// Of one size, so that what is left of one frame would fit the other.
const Image one = ramp(16, 16, 7919);
const Image other = ramp(16, 16, 3001);

class FailingCalls : public testing::Test {
  protected:
    FailingCalls() { EXPECT_NE(wanted_, Rig().labels_of(one)); }
    void expect_other(Rig& rig, std::int64_t k) {
        EXPECT_EQ(rig.labels_of(other), wanted_) << "after a failure at allocation " << k;
    }
    std::vector<std::uint32_t> wanted_ = Rig().labels_of(other);
};

TEST_F(FailingCalls, LeaveNothingOfTheirFrames) {
    Rig rig;
    std::int64_t k = 0;
    while (fails_at(k, rig, one)) expect_other(rig, k++);
    EXPECT_GT(k, 20);
    expect_other(rig, k);
    // With everything made and recorded there is less to fail, but some is left.
    for (int i = 0; i < 3; ++i) expect_other(rig, k);
    const std::int64_t before = test::replays();
    EXPECT_FALSE(fails_at(1 << 20, rig, one));
    EXPECT_GT(test::replays(), before);
    EXPECT_TRUE(fails_at(3, rig, one));
    expect_other(rig, 3);
}

/// A new engine each time, whose plans, shapes and memory are made in the call that fails. Not at
/// every place, since the one above goes through most of them.
TEST_F(FailingCalls, WhileEverythingIsMade) {
    std::int64_t k = 0;
    for (bool failed = true; failed; k += 1 + k / 16) {
        Rig rig;
        failed = fails_at(k, rig, one);
        expect_other(rig, k);
    }
    EXPECT_GT(k, 50);
}

}  // namespace
}  // namespace cytofleet
