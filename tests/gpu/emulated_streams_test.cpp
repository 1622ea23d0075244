// The emulation's streams, records and memory: what a device would do late, or to the wrong memory,
// shows.
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cuda/conv_library.hpp"
#include "gpu/test_kernels.hpp"
#include "kernels/support/capture.hpp"
#include "kernels/support/device.cuh"
#include "kernels/support/streams.hpp"

namespace cytofleet {
namespace {

using cuda::DeviceArray;
using Floats = DeviceArray<float>;

void add_to(const float* from, float* to, float more) {
    to[threadIdx.x] = from[threadIdx.x] + more;
}

/// Two numbers in device memory and a stream.
struct Pair {
    cuda::OwnStream own;
    cuda::Stream stream = own.get();
    Floats a{1};
    Floats b{1};
    void set(Floats& there, float value) const {
        cuda::copy_up(stream, there.data(), &value, sizeof(value));
        cuda::synchronize(stream);
    }
    float get(const Floats& there) const { return there.read(stream).at(0); }
};

TEST(EmulatedStream, RunsWhenSomebodyWaits) {
    Pair pair;
    float value = 1;
    cuda::copy_up(pair.stream, pair.a.data(), &value, sizeof(value));
    value = 2;  // too early
    float got = 0;
    cuda::copy_down(pair.stream, &got, pair.a.data(), sizeof(got));
    EXPECT_EQ(got, 0);
    cuda::synchronize(pair.stream);
    EXPECT_EQ(got, 2);
    // What DeviceArray is made of may go at once.
    auto numbers = std::make_unique<std::vector<float>>(100, 3.0F);
    const Floats there(pair.stream, std::span(std::as_const(*numbers)));
    numbers->assign(100, 4.0F);
    EXPECT_EQ(pair.get(there), 3);
}

TEST(EmulatedStream, EventsOrderStreams) {
    const Pair pair;
    const cuda::OwnStream other;
    Floats a(1);
    Floats b(1);
    const float value = 5;
    cuda::copy_up(pair.stream, a.data(), &value, sizeof(value));
    cuda::Event up;
    up.record(pair.stream);
    up.hold_up(other.get());
    cuda::launch(add_to, dim3(1), dim3(1), 0, other.get(), a.data(), b.data(), 1.0F);
    float got = 0;
    cuda::copy_down(other.get(), &got, b.data(), sizeof(got));
    cuda::Event down;
    down.record(other.get());
    EXPECT_EQ(got, 0);
    down.wait();
    EXPECT_EQ(got, 6);
    EXPECT_GE(down.seconds_since(up), 0);
}

void fail(int* /*number*/) {
    throw std::logic_error("a kernel's mistake");
}

TEST(EmulatedStream, AKernelsMistakeReachesWhoeverWaits) {
    Pair pair;
    cuda::launch(fail, dim3(1), dim3(1), 0, pair.stream, nullptr);
    EXPECT_THROW(cuda::synchronize(pair.stream), std::logic_error);
    EXPECT_NO_THROW(cuda::synchronize(pair.stream));
    cuda::launch(fail, dim3(1), dim3(1), 0, pair.stream, nullptr);
    { const Floats gone(1); }  // freeing memory waits too, but cannot throw
    EXPECT_THROW(cuda::synchronize(pair.stream), std::logic_error);
}

TEST(EmulatedRecord, HasTheAddressesAndNumbersThatItWasMadeWith) {
    Pair pair;
    Floats c(1);
    Floats* from = &pair.a;
    Floats* to = &pair.b;
    float more = 1;
    cuda::Capture capture(pair.stream);
    cuda::fill(pair.stream, c.data(), 0, sizeof(float));
    cuda::launch(add_to, dim3(1), dim3(1), 0, pair.stream, from->data(), to->data(), more);
    cuda::copy_across(pair.stream, c.data(), to->data(), sizeof(float));
    const auto record = capture.end();
    ASSERT_TRUE(record);
    std::swap(from, to);
    more = 100;
    pair.set(pair.a, 10);
    pair.set(pair.b, 20);
    pair.set(c, 30);
    EXPECT_EQ(pair.get(pair.b), 20) << "while it is made nothing of it runs";
    record->start(pair.stream);
    EXPECT_EQ(pair.get(pair.a), 10);
    EXPECT_EQ(pair.get(pair.b), 11);
    EXPECT_EQ(pair.get(c), 11);
    pair.set(pair.a, 40);
    record->start(pair.stream);
    EXPECT_EQ(pair.get(c), 41);
}

TEST(EmulatedRecord, ConvolutionsToo) {
    Pair pair;
    const auto library = cuda::make_conv_library(pair.stream, cuda::test_kernels());
    const auto plan =
        library->plan({.n = 1, .in = 1, .out = 1, .height = 1, .width = 1, .kernel = 1}, {});
    Floats c(1);
    auto workspace = std::make_unique<DeviceArray<std::byte>>(plan->workspace_bytes());
    cuda::ConvData data{.x = pair.a.data(), .weights = pair.b.data(), .y = c.data()};
    cuda::Capture capture(pair.stream);
    plan->run(data, workspace->data());
    const auto record = capture.end();
    data.y = pair.a.data();
    pair.set(pair.a, 3);
    pair.set(pair.b, 5);
    record->start(pair.stream);
    EXPECT_EQ(pair.get(pair.a), 3);
    EXPECT_EQ(pair.get(c), 15);
    workspace.reset();
    EXPECT_THROW(record->start(pair.stream), std::logic_error);
}

struct Operands {
    const float* from;
    float* to;
};
void add_in_struct(Operands operands) {
    *operands.to = *operands.from;
}

TEST(EmulatedRecord, OfReleasedMemoryIsNotStarted) {
    Pair pair;
    const auto expect_noticed = [&](const auto& body) {
        auto gone = std::make_unique<Floats>(1);
        gone->zero(pair.stream);
        cuda::Capture capture(pair.stream);
        body(*gone);
        const auto record = capture.end();
        EXPECT_NO_THROW(record->start(pair.stream));
        gone.reset();
        EXPECT_THROW(record->start(pair.stream), std::logic_error);
        cuda::synchronize(pair.stream);
    };
    pair.set(pair.a, 1);
    expect_noticed([&](Floats& gone) {
        cuda::launch(add_to, dim3(1), dim3(1), 0, pair.stream, pair.a.data(), gone.data(), 1.0F);
    });
    expect_noticed([&](Floats& gone) {
        cuda::launch(add_in_struct, dim3(1), dim3(1), 0, pair.stream,
                     Operands{pair.a.data(), gone.data()});
    });
    expect_noticed([&](Floats& gone) {
        cuda::copy_across(pair.stream, pair.b.data(), gone.data(), sizeof(float));
    });
    expect_noticed([&](Floats& gone) { gone.zero(pair.stream); });
}

TEST(EmulatedCapture, WhatItForbidsFailsAndSpoilsIt) {
    Pair pair;
    {
        cuda::Capture capture(pair.stream);
        EXPECT_THROW(cuda::synchronize(pair.stream), cuda::DeviceError);
        EXPECT_THROW(cuda::Capture twice(pair.stream), cuda::DeviceError);
        EXPECT_EQ(capture.end(), nullptr);
    }
    {
        cuda::Capture capture(pair.stream);
        const Floats allocated(10);  // is no work of the stream
        EXPECT_NE(capture.end(), nullptr);
    }
    EXPECT_THROW(cuda::Capture of_default(nullptr), cuda::DeviceError);
    EXPECT_NO_THROW(cuda::synchronize(pair.stream));
}

TEST(EmulatedMemory, ACopyOfWhatNobodyWroteIsAnError) {
    DeviceArray<std::uint32_t> numbers(10);
    cuda::fill(nullptr, numbers.data(), 0, 7 * sizeof(std::uint32_t));
    std::vector<std::uint32_t> got(10);
    EXPECT_NO_THROW(cuda::copy_down(nullptr, got.data(), numbers.data(), 28));
    EXPECT_THROW(cuda::copy_down(nullptr, got.data(), numbers.data(), 32), std::logic_error);
    EXPECT_THROW(cuda::copy_down(nullptr, got.data(), numbers.data() + 9, 4), std::logic_error);
    DeviceArray<std::uint32_t> to(10);
    EXPECT_THROW(cuda::copy_across(nullptr, to.data(), numbers.data(), 40), std::logic_error);
    EXPECT_THROW(cuda::copy_down(nullptr, got.data(), numbers.data() + 6, 20), std::logic_error)
        << "beyond the array";
}

}  // namespace
}  // namespace cytofleet
