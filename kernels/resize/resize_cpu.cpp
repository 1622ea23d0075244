#include "kernels/resize/resize_cpu.hpp"

#include <array>
#include <cstddef>
#include <vector>

#include "kernels/resize/axis_table.hpp"
#include "kernels/resize/resize_lines.hpp"
#include "kernels/support/parallel.hpp"

namespace cytofleet::cpu {
namespace {

/// The last two source rows that were needed, resized to the new width. Neighbouring rows never
/// share a slot, so the two rows of one output row can be held at once.
class ResizedRows {
  public:
    ResizedRows(Rounding rounding, const float* in, std::int64_t in_width, const AxisTable& columns,
                float* slots)
        : rounding_(rounding), in_(in), in_width_(in_width), columns_(columns), slots_(slots) {}

    const float* row(std::int64_t y) {
        const auto slot = static_cast<std::size_t>(y % 2);
        float* const out = slots_ + slot * columns_.low.size();
        if (held_[slot] != y) {
            resize_columns(rounding_, in_ + y * in_width_, columns_, out);
            held_[slot] = y;
        }
        return out;
    }

  private:
    Rounding rounding_;
    const float* in_;
    std::int64_t in_width_;
    const AxisTable& columns_;
    float* slots_;
    std::array<std::int64_t, 2> held_{-1, -1};
};

struct Tables {
    AxisTable rows;
    AxisTable columns;
};

Tables opencv_tables(Extent from, Extent to) {
    return {opencv_axis(from.height, to.height, Border::repeated),
            opencv_axis(from.width, to.width, Border::clamped)};
}

void interpolate(const Exec& exec, Rounding rounding, const Tables& tables, const float* in,
                 Extent from, float* out, Extent to) {
    const auto width = static_cast<std::size_t>(to.width);
    std::vector<float> slots(2 * width * static_cast<std::size_t>(exec.threads));
    parallel_threads(exec, [&](int thread, int threads) {
        ResizedRows source(rounding, in, from.width, tables.columns,
                           slots.data() + 2 * width * static_cast<std::size_t>(thread));
        const Piece piece = piece_of(to.height, thread, threads);
        for (std::int64_t y = piece.begin; y < piece.end; ++y) {
            const auto at = static_cast<std::size_t>(y);
            const float* const upper = source.row(tables.rows.low[at]);
            const float* const lower = source.row(tables.rows.high[at]);
            resize_rows(rounding, upper, lower, tables.rows.fraction[at], width,
                        out + y * to.width);
        }
    });
}

std::vector<std::int64_t> nearest_axis(std::int64_t from, std::int64_t to) {
    const double step = opencv_step(from, to);
    std::vector<std::int64_t> axis(static_cast<std::size_t>(to));
    for (std::size_t i = 0; i < axis.size(); ++i)
        axis[i] = nearest_place(static_cast<std::int64_t>(i), step, from);
    return axis;
}

}  // namespace

void resize_input(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                  Extent to) {
    if (from.height == 2 * to.height && from.width == 2 * to.width) {
        parallel_even(exec, to.height, [&](std::int64_t y) {
            const float* const upper = in.data() + 2 * y * from.width;
            halve_rows(upper, upper + from.width, static_cast<std::size_t>(to.width),
                       out.data() + y * to.width);
        });
        return;
    }
    interpolate(exec, Rounding::each, opencv_tables(from, to), in.data(), from, out.data(), to);
}

void resize_output(const Exec& exec, std::span<const float> in, Extent from, std::span<float> out,
                   Extent to) {
    // IPP refuses an axis of one pixel; OpenCV's own code takes over.
    if (from.height == 1 || from.width == 1) {
        interpolate(exec, Rounding::each, opencv_tables(from, to), in.data(), from, out.data(), to);
        return;
    }
    const Tables tables{ipp_axis(from.height, to.height), ipp_axis(from.width, to.width)};
    interpolate(exec, Rounding::once, tables, in.data(), from, out.data(), to);
}

void resize_labels(const Exec& exec, std::span<const std::uint32_t> in, Extent from,
                   std::span<std::uint32_t> out, Extent to) {
    const std::vector<std::int64_t> rows = nearest_axis(from.height, to.height);
    const std::vector<std::int64_t> columns = nearest_axis(from.width, to.width);
    parallel_even(exec, to.height, [&](std::int64_t y) {
        const std::uint32_t* const source =
            in.data() + rows[static_cast<std::size_t>(y)] * from.width;
        std::uint32_t* const target = out.data() + y * to.width;
        for (std::size_t x = 0; x < columns.size(); ++x) target[x] = source[columns[x]];
    });
}

}  // namespace cytofleet::cpu
