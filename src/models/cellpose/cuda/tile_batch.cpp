#include "models/cellpose/cuda/tile_batch.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "backend/cuda/cuda_features.hpp"
#include "base/error.hpp"

namespace cytofleet::cuda {
namespace {

std::size_t index(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

std::size_t float_bytes(std::int64_t count) {
    return index(count) * sizeof(float);
}

}  // namespace

std::int64_t padded_batch(std::int64_t filled, std::int64_t capacity) {
    constexpr std::int64_t step = 8;
    const std::int64_t up =
        filled < step ? static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(filled)))
                      : (filled + step - 1) / step * step;
    return std::min(up, capacity);
}

TileBatch::TileBatch(Stream stream, const CpNet& net, Extent tile, std::int64_t capacity)
    : stream_(stream),
      net_(net),
      tile_(tile),
      capacity_(capacity),
      tiles_(index(capacity * net.channels_in() * tile.pixels())),
      answers_(index(capacity * network_outputs * tile.pixels())),
      work_(net.ops().make_workspace()) {
    ensure(work_ != nullptr, "tiles in device memory need the operations of a device");
    // The network also runs on tiles that only fill up a batch.
    tiles_.zero(stream);
}

float* TileBatch::add(TileSink& sink, std::int64_t count) {
    ensure(count > 0 && count <= free(), "the tiles fit into the batch");
    parts_.push_back({&sink, count});
    float* const out = tiles_.data() + filled_ * net_.channels_in() * tile_.pixels();
    filled_ += count;
    return out;
}

std::vector<TileSink*> TileBatch::run() {
    if (filled_ == 0) return {};
    const std::int64_t n = padded_batch(filled_, capacity_);
    const std::int64_t out_floats = network_outputs * tile_.pixels();
    std::unique_ptr<Run> run;
    if (spare_runs_.empty()) {
        run = std::make_unique<Run>();
    } else {
        run = std::move(spare_runs_.back());
        spare_runs_.pop_back();
    }
    run->begin.record(stream_);
    start_forward(n);
    const float* from = answers_.data();
    for (const Part& part : parts_) {
        TileSink& sink = *part.sink;
        copy_across(stream_, sink.planes + sink.done * out_floats, from,
                    float_bytes(part.count * out_floats));
        from += part.count * out_floats;
        sink.done += part.count;
    }
    run->end.record(stream_);
    std::vector<TileSink*> complete;
    run->owners.clear();
    for (const Part& part : parts_) {
        run->owners.emplace_back(part.sink->owner, part.count);
        if (part.sink->done == part.sink->tiles) complete.push_back(part.sink);
    }
    runs_.push_back(std::move(run));
    parts_.clear();
    filled_ = 0;
    return complete;
}

void TileBatch::start_forward(std::int64_t n) {
    const auto start = [this, n] { forwards_[n].run(stream_, [this, n] { forward(n); }); };
    try {
        start();
    } catch (const OutOfDeviceMemory&) {
        // Other numbers of tiles have memory that this one may take, but not beside their records.
        synchronize(stream_);
        forwards_.clear();
        work_->trim();
        net_.ops().trim();
        start();
    }
}

void TileBatch::forward(std::int64_t n) {
    const FeaturesPtr in = work_->make_planar(n, net_.channels_in(), tile_.height, tile_.width);
    copy_across(stream_, on_device(*in).data(), tiles_.data(),
                float_bytes(n * net_.channels_in() * tile_.pixels()));
    const FeaturesPtr out = work_->make_planar(n, network_outputs, tile_.height, tile_.width);
    net_.forward(*work_, *in, *out);
    copy_across(stream_, answers_.data(), on_device(*out).data(),
                float_bytes(n * network_outputs * tile_.pixels()));
}

void TileBatch::share_times(std::span<double> seconds) {
    for (std::unique_ptr<Run>& run : runs_) {
        std::int64_t tiles = 0;
        for (const auto& [owner, count] : run->owners) tiles += count;
        const double each = run->end.seconds_since(run->begin) / static_cast<double>(tiles);
        for (const auto& [owner, count] : run->owners)
            seconds[owner] += each * static_cast<double>(count);
        spare_runs_.push_back(std::move(run));
    }
    runs_.clear();
}

}  // namespace cytofleet::cuda
