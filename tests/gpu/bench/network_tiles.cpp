#include "gpu/bench/network_tiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "backend/cpu/cpu_ops.hpp"
#include "gpu/bench/scenes.hpp"
#include "kernels/normalize/normalize.hpp"
#include "models/cellpose/grey_plane.hpp"
#include "models/cellpose/network.hpp"

namespace cytofleet::bench {
namespace {

constexpr std::int64_t most_answers = 4;

std::size_t size(std::int64_t count) {
    return static_cast<std::size_t>(count);
}

int all_threads() {
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

/// Where the tiles are that the CPU answers too.
std::vector<std::int64_t> checked_places(std::int64_t n) {
    const std::set<std::int64_t> places{0, n / 3, 2 * n / 3, n - 1};
    return {places.begin(), places.end()};
}

}  // namespace

NetworkTiles::NetworkTiles(const Weights& weights, const Scope& scope)
    : weights_(weights),
      side_(scope.tile),
      channels_(CpNet(make_cpu_ops(1), weights).channels_in()),
      count_(std::max(scope.largest_batch(), most_answers)) {
    const auto along = static_cast<std::int64_t>(std::ceil(std::sqrt(count_)));
    const std::int64_t width = along * side_;
    const Image frame = frame_of(scene_of(width, scope.pitch, scope.diameter), 1);
    std::vector<float> image = grey_input(frame, channels_);
    normalize({all_threads()}, image, channels_, width, width, {});
    for (std::int64_t i = 0; i < count_; ++i)
        for (std::int64_t channel = 0; channel < channels_; ++channel)
            for (std::int64_t y = 0; y < side_; ++y) {
                const std::int64_t row = channel * width + i / along * side_ + y;
                const auto from = image.begin() + row * width + i % along * side_;
                tiles_.insert(tiles_.end(), from, from + side_);
            }
}

std::span<const float> NetworkTiles::tile(std::int64_t number) const {
    const std::int64_t floats = channels_ * side_ * side_;
    return std::span(tiles_).subspan(size(number * floats), size(floats));
}

std::vector<float> NetworkTiles::batch(std::int64_t n) const {
    std::vector<float> out;
    std::int64_t answered = 0;
    const std::vector<std::int64_t> places = checked_places(n);
    auto other = static_cast<std::int64_t>(places.size());
    for (std::int64_t i = 0; i < n; ++i) {
        const bool checked = std::ranges::find(places, i) != places.end();
        const std::span<const float> one = tile(checked ? answered++ : other++);
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

void NetworkTiles::answer() {
    CpNet net(make_cpu_ops(all_threads()), weights_);
    const std::int64_t n = most_answers;
    answers_.resize(size(n * network_outputs * side_ * side_));
    std::vector<float> styles(size(n * net.style_size()));
    net(std::span(tiles_).first(size(n * channels_ * side_ * side_)), n, side_, side_, answers_,
        styles);
}

Deviation NetworkTiles::deviation(std::span<const float> answers, std::int64_t n) {
    if (answers_.empty()) answer();
    if (!std::ranges::all_of(answers, [](float value) { return std::isfinite(value); }))
        return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(),
                0};
    const std::size_t each = size(network_outputs * side_ * side_);
    double worst = 0;
    double largest = 0;
    double product = 0;
    double square = 0;
    double differences = 0;
    std::size_t at = 0;
    for (const std::int64_t place : checked_places(n))
        for (const double got : answers.subspan(size(place) * each, each)) {
            const double wanted = answers_[at++];
            worst = std::max(worst, std::abs(got - wanted));
            largest = std::max(largest, std::abs(wanted));
            product += got * wanted;
            square += wanted * wanted;
            differences += (got - wanted) * (got - wanted);
        }
    return {worst / largest, std::sqrt(differences / square), product / square - 1};
}

}  // namespace cytofleet::bench
