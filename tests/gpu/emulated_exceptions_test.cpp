// The host's memory refused at each place of a call in turn: the call ends with an exception, and
// the next one knows nothing of its frames. Only in the program that runs on the emulation, whose
// operator new this is.
#include <cstdlib>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/replays.hpp"
#include "gpu/tiny_segmenter.hpp"

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

using test::TinySegmenter;

using Labels = std::vector<std::vector<std::uint32_t>>;

/// True if it failed.
bool fails_at(std::int64_t k, TinySegmenter& segmenter, const Image& frame) {
    const std::vector<const Image*> planes{&frame, &frame, &frame};
    bool failed = false;
    before_failure = k;
    try {
        segmenter(planes);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    before_failure = -1;
    return failed;
}

class FailingCalls : public testing::Test {
  protected:
    FailingCalls() { EXPECT_NE(TinySegmenter(1)({&one_}), wanted_); }
    void expect_other(TinySegmenter& segmenter, std::int64_t k) {
        EXPECT_EQ(segmenter({&other_}), wanted_) << "after a failure at allocation " << k;
    }
    Image one_ = test::noise_frame(1);
    Image other_ = test::noise_frame(2);
    Labels wanted_ = TinySegmenter(1)({&other_});
};

TEST_F(FailingCalls, LeaveNothingOfTheirFrames) {
    TinySegmenter segmenter(2);
    std::int64_t k = 0;
    while (fails_at(k, segmenter, one_)) expect_other(segmenter, k++);
    EXPECT_GT(k, 20);
    expect_other(segmenter, k);
    // With everything made and recorded there is less to fail, but some is left.
    for (int i = 0; i < 3; ++i) expect_other(segmenter, k);
    const std::int64_t before = test::replays();
    EXPECT_FALSE(fails_at(1 << 20, segmenter, one_));
    EXPECT_GT(test::replays(), before);
    EXPECT_TRUE(fails_at(3, segmenter, one_));
    expect_other(segmenter, 3);
}

/// A new engine each time, whose plans, shapes and memory are made in the call that fails. Not at
/// every place, since the one above goes through most of them.
TEST_F(FailingCalls, WhileEverythingIsMade) {
    std::int64_t k = 0;
    for (bool failed = true; failed; k += 1 + k / 16) {
        TinySegmenter segmenter(2);
        failed = fails_at(k, segmenter, one_);
        expect_other(segmenter, k);
    }
    EXPECT_GT(k, 50);
}

}  // namespace
}  // namespace cytofleet
