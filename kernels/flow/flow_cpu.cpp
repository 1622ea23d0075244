#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/flow/flow_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/flow/flow.hpp"
#include "kernels/flow/step_lanes-inl.hpp"
#include "kernels/support/parallel.hpp"
#include "kernels/support/simd_targets.hpp"

HWY_BEFORE_NAMESPACE();
namespace cytofleet::HWY_NAMESPACE {

/// Points that are followed together: few enough for the first level cache, many enough to hide the
/// latency of a step. All have done the same number of steps.
struct Block {
    static constexpr std::int64_t capacity = 1024;
    template <typename T>
    using Lanes = std::array<T, capacity>;

    alignas(64) Lanes<float> y;
    alignas(64) Lanes<float> x;
    alignas(64) Lanes<float> seen_y;  ///< where the point was after `seen` steps
    alignas(64) Lanes<float> seen_x;
    alignas(64) Lanes<std::int32_t> last;  ///< after that many steps the point is where it ends
    Lanes<std::uint32_t> id;               ///< into `ends`
    std::array<std::uint32_t, capacity> finished;
    std::int64_t count = 0;
};

template <Stepping stepping>
void follow_block(const StepFieldView& flow, std::span<const std::uint32_t> pixels,
                  std::int32_t steps, std::span<Point> ends, Block& block) {
    const auto width = static_cast<std::uint32_t>(flow.width);
    block.count = std::ssize(pixels);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const Point pixel = pixel_at(pixels[i], width);
        const Point start = start_of(stepping, flow, pixel);
        block.y[i] = block.seen_y[i] = start.y;
        block.x[i] = block.seen_x[i] = start.x;
        block.last[i] = steps;
        block.id[i] = static_cast<std::uint32_t>(i);
    }
    // Whole vectors are stepped: the lanes behind the last point must hold some point of the frame.
    const auto whole = std::min<std::int64_t>(Block::capacity, (block.count + 15) / 16 * 16);
    std::fill(block.y.begin() + block.count, block.y.begin() + whole, block.y[0]);
    std::fill(block.x.begin() + block.count, block.x.begin() + whole, block.x[0]);

    const StepLanes<stepping> lanes(flow);
    std::int32_t seen = 0;
    std::int32_t next_look = 1;
    for (std::int32_t t = 1; t <= steps && block.count > 0; ++t) {
        std::size_t finished = 0;
        for (std::int64_t i = 0; i < block.count; i += StepLanes<stepping>::size) {
            std::uint32_t stops = lanes.step(&block.y[i], &block.x[i], &block.seen_y[i],
                                             &block.seen_x[i], &block.last[i], t);
            for (; stops != 0; stops &= stops - 1) {
                const std::int64_t k = i + std::countr_zero(stops);
                if (k >= block.count) break;
                // Back where it was `t - seen` steps ago: what is left is some rounds and a rest.
                if (block.last[k] != t) block.last[k] = t + (steps - t) % (t - seen);
                if (block.last[k] != t) continue;
                ends[block.id[k]] = end_of(stepping, flow, {block.y[k], block.x[k]});
                block.finished[finished++] = static_cast<std::uint32_t>(k);
            }
        }
        while (finished > 0) {
            const std::uint32_t to = block.finished[--finished];
            const std::int64_t from = --block.count;
            block.y[to] = block.y[from];
            block.x[to] = block.x[from];
            block.seen_y[to] = block.seen_y[from];
            block.seen_x[to] = block.seen_x[from];
            block.last[to] = block.last[from];
            block.id[to] = block.id[from];
        }
        if (t == next_look && next_look <= steps / 2) {
            // Brent: looking back to powers of two finds every cycle.
            std::copy_n(block.y.begin(), block.count, block.seen_y.begin());
            std::copy_n(block.x.begin(), block.count, block.seen_x.begin());
            seen = t;
            next_look *= 2;
        }
    }
}

template <Stepping stepping>
void follow_all(const Exec& exec, const StepFieldView& flow, std::span<const std::uint32_t> pixels,
                std::int32_t steps, std::span<Point> ends) {
    const std::int64_t blocks = (std::ssize(pixels) + Block::capacity - 1) / Block::capacity;
    std::vector<Block> each(static_cast<std::size_t>(exec.threads));
    parallel_on_demand(exec, blocks, 1, [&](std::int64_t b, int thread) {
        const auto first = static_cast<std::size_t>(b * Block::capacity);
        const auto count = std::min<std::size_t>(Block::capacity, pixels.size() - first);
        follow_block<stepping>(flow, pixels.subspan(first, count), steps,
                               ends.subspan(first, count), each[static_cast<std::size_t>(thread)]);
    });
}

void follow(const Exec& exec, const StepField& field, std::span<const std::uint32_t> pixels,
            std::int32_t steps, std::span<Point> ends) {
    switch (field.stepping()) {
        case Stepping::cpu:
            return follow_all<Stepping::cpu>(exec, field.view(), pixels, steps, ends);
        case Stepping::cuda:
            return follow_all<Stepping::cuda>(exec, field.view(), pixels, steps, ends);
        case Stepping::nearest:
            return follow_all<Stepping::nearest>(exec, field.view(), pixels, steps, ends);
    }
}

}  // namespace cytofleet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cytofleet::cpu {

HWY_EXPORT(follow);

void follow_flow(const Exec& exec, const StepField& field, std::span<const std::uint32_t> pixels,
                 std::int64_t steps, std::span<Point> ends) {
    if (steps == 0) {
        const auto width = static_cast<std::uint32_t>(field.view().width);
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            const Point pixel = pixel_at(pixels[i], width);
            ends[i] = end_of(field.stepping(), field.view(),
                             start_of(field.stepping(), field.view(), pixel));
        }
        return;
    }
    HWY_DYNAMIC_DISPATCH(follow)(exec, field, pixels, static_cast<std::int32_t>(steps), ends);
}

}  // namespace cytofleet::cpu
#endif
