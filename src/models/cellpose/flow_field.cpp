#include "models/cellpose/flow_field.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/timer.hpp"

namespace cytofleet {
namespace {

std::size_t index(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

/// Sum of the tiles' styles over its L2 norm, in tile order.
std::vector<float> style_of(std::span<const float> sum) {
    float squares = 0;
    for (const float value : sum) squares += value * value;
    const float norm = std::sqrt(squares);
    std::vector<float> out(sum.begin(), sum.end());
    for (float& value : out) value /= norm;
    return out;
}

}  // namespace

TileGrid tile_grid_of(Extent frame, const Scale& scale, const CellposeSettings& settings) {
    const Extent small = scale.identity() ? frame : scale.apply(frame);
    if (small.height < 1 || small.width < 1)
        throw Error(
            ErrorKind::input,
            fmt::format("a frame of {} x {} pixels is too small for a diameter that resizes "
                        "it by {:.3g}; check --diameter",
                        frame.height, frame.width, scale.value()));
    return make_tile_grid(small, settings.tile_overlap, settings.augment);
}

PreparedFrame prepare_frame(const Exec& exec, std::vector<float> image, std::int64_t channels,
                            Extent frame, const Scale& scale, const CellposeSettings& settings) {
    ensure(static_cast<std::int64_t>(image.size()) == channels * frame.pixels(),
           "the image has channels x height x width values");
    PreparedFrame out{frame, tile_grid_of(frame, scale, settings), {}, {}};
    normalize(exec, image, channels, frame.height, frame.width, settings.normalize);
    const Extent small = out.grid.frame;
    if (small == frame) {
        out.image = std::move(image);
        return out;
    }
    out.image.resize(index(channels * small.pixels()));
    for (std::int64_t c = 0; c < channels; ++c)
        resize_input(
            exec, std::span(image).subspan(index(c * frame.pixels()), index(frame.pixels())), frame,
            std::span(out.image).subspan(index(c * small.pixels()), index(small.pixels())), small);
    return out;
}

/// A frame whose tiles are on their way through the network.
struct FlowStream::InFlight {
    PreparedFrame prepared;
    TileBlend blend;
    std::vector<float> style;
    explicit InFlight(PreparedFrame frame, std::int64_t style_size)
        : prepared(std::move(frame)), blend(prepared.grid), style(index(style_size)) {}
};

/// Tiles waiting for the network, from one or more frames, all of one size.
class FlowStream::Batch {
  public:
    Batch(const Exec& exec, CpNet& net, std::int64_t capacity)
        : exec_(exec), net_(net), capacity_(capacity) {}

    /// Sends all tiles of a frame through, running the network whenever the batch is full.
    void add(InFlight& frame) {
        const TileGrid& grid = frame.prepared.grid;
        if (!(grid.tile == tile_)) {
            run();
            tile_ = grid.tile;
            in_.resize(index(capacity_ * net_.channels_in() * tile_.pixels()));
            out_.resize(index(capacity_ * network_outputs * tile_.pixels()));
            styles_.resize(index(capacity_ * net_.style_size()));
        }
        for (std::int64_t first = 0; first < grid.count();) {
            const std::int64_t count = std::min(grid.count() - first, capacity_ - filled_);
            const std::int64_t floats = net_.channels_in() * tile_.pixels();
            cut_tiles(exec_, grid, frame.prepared.image, net_.channels_in(), first, count,
                      std::span(in_).subspan(index(filled_ * floats), index(count * floats)));
            parts_.push_back({&frame, count});
            filled_ += count;
            first += count;
            if (filled_ == capacity_) run();
        }
        // Assigning {} would keep its memory.
        frame.prepared.image = std::vector<float>();
    }

    void run() {
        if (filled_ == 0) return;
        Timer network;
        const std::int64_t pixels = tile_.pixels();
        net_(std::span(in_).first(index(filled_ * net_.channels_in() * pixels)), filled_,
             tile_.height, tile_.width,
             std::span(out_).first(index(filled_ * network_outputs * pixels)),
             std::span(styles_).first(index(filled_ * net_.style_size())));
        const double each = network.seconds() / static_cast<double>(filled_);
        std::int64_t at = 0;
        for (const Part& part : parts_) {
            Timer blending;
            part.frame->blend.add(
                exec_,
                std::span(out_).subspan(index(at * network_outputs * pixels),
                                        index(part.count * network_outputs * pixels)),
                part.count);
            for (std::int64_t i = at; i < at + part.count; ++i)
                for (std::int64_t k = 0; k < net_.style_size(); ++k)
                    part.frame->style[index(k)] += styles_[index(i * net_.style_size() + k)];
            at += part.count;
            FrameTimes& times = part.frame->prepared.times;
            times.network += each * static_cast<double>(part.count);
            times.masks += blending.seconds();
        }
        parts_.clear();
        filled_ = 0;
    }

  private:
    struct Part {
        InFlight* frame;
        std::int64_t count;
    };
    Exec exec_;
    CpNet& net_;
    std::int64_t capacity_;
    Extent tile_;
    std::int64_t filled_ = 0;
    std::vector<Part> parts_;
    std::vector<float> in_;
    std::vector<float> out_;
    std::vector<float> styles_;
};

FlowStream::FlowStream(const Exec& exec, CpNet& net, const CellposeSettings& settings)
    : exec_(exec),
      net_(net),
      resample_(settings.resample),
      batch_(std::make_unique<Batch>(exec, net, std::max<std::int64_t>(1, settings.batch_size))) {}

FlowStream::~FlowStream() = default;

void FlowStream::add(PreparedFrame frame) {
    flying_.push_back(std::make_unique<InFlight>(std::move(frame), net_.style_size()));
    batch_->add(*flying_.back());
}

void FlowStream::flush() {
    batch_->run();
}

std::optional<FlowField> FlowStream::take() {
    if (flying_.empty() || !flying_.front()->blend.complete()) return std::nullopt;
    // Its sums of tiles go with it: they are larger than its flows.
    const std::unique_ptr<InFlight> done = std::move(flying_.front());
    flying_.pop_front();
    Timer resizing;
    FlowField field = finish(*done);
    field.times = done->prepared.times;
    field.times.masks += resizing.seconds();
    return field;
}

FlowField FlowStream::finish(const InFlight& done) const {
    const Extent small = done.prepared.grid.frame;
    FlowField field;
    field.extent = resample_ ? done.prepared.frame : small;
    field.style = style_of(done.style);
    std::vector<float> values(index(network_outputs * small.pixels()));
    done.blend.finish(exec_, values);
    if (field.extent == small) {
        field.values = std::move(values);
        return field;
    }
    field.values.resize(index(network_outputs * field.extent.pixels()));
    for (std::int64_t c = 0; c < network_outputs; ++c)
        resize_output(exec_,
                      std::span(values).subspan(index(c * small.pixels()), index(small.pixels())),
                      small,
                      std::span(field.values)
                          .subspan(index(c * field.extent.pixels()), index(field.extent.pixels())),
                      field.extent);
    return field;
}

std::vector<FlowField> compute_flows(const Exec& exec, CpNet& net,
                                     std::vector<PreparedFrame> frames,
                                     const CellposeSettings& settings, FrameTimes& times) {
    FlowStream stream(exec, net, settings);
    std::vector<FlowField> out;
    const auto land = [&] {
        while (auto field = stream.take()) {
            times.network += field->times.network;
            times.masks += field->times.masks;
            out.push_back(std::move(*field));
        }
    };
    for (PreparedFrame& frame : frames) {
        stream.add(std::move(frame));
        land();
    }
    stream.flush();
    land();
    return out;
}

}  // namespace cytofleet
