#include "gpu/bench/scenes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace cytofleet::bench {
namespace {

/// From the middle of the nearest cell.
struct Offset {
    double y;
    double x;
    double length() const { return std::sqrt(y * y + x * x); }
};

Offset offset_in(const Scene& scene, std::int64_t y, std::int64_t x) {
    const double pitch = static_cast<double>(scene.side) / static_cast<double>(scene.along);
    const auto along = [pitch](std::int64_t at) {
        return std::fmod(static_cast<double>(at), pitch) - pitch / 2;
    };
    return {along(y), along(x)};
}

/// In [-1, 1); cheap, and the same everywhere.
class Noise {
  public:
    explicit Noise(std::uint32_t seed) : random_(seed + 1) {}
    double operator()() { return static_cast<double>(random_()) / 1073741824.0 - 1; }

  private:
    std::minstd_rand random_;
};

}  // namespace

Scene scene_of(std::int64_t side, double pitch, double diameter) {
    const double along = std::ceil(static_cast<double>(side) / pitch);
    return {side, std::max<std::int64_t>(1, static_cast<std::int64_t>(along)), diameter};
}

std::vector<float> flows_of(const Scene& scene) {
    const auto pixels = static_cast<std::size_t>(scene.side * scene.side);
    std::vector<float> out(3 * pixels);
    Noise noise(7);
    for (std::int64_t y = 0; y < scene.side; ++y)
        for (std::int64_t x = 0; x < scene.side; ++x) {
            const auto at = static_cast<std::size_t>(y * scene.side + x);
            const Offset off = offset_in(scene, y, x);
            // Cellpose's flows are 5 long, and turn around within some pixels of the middle.
            const double gain = 5 / std::max(off.length(), 2.0);
            out[at] = static_cast<float>(-gain * off.y + 0.3 * noise());
            out[pixels + at] = static_cast<float>(-gain * off.x + 0.3 * noise());
            out[2 * pixels + at] = static_cast<float>(scene.diameter / 2 - off.length());
        }
    return out;
}

Image frame_of(const Scene& scene, std::uint32_t number) {
    const auto pixels = static_cast<std::size_t>(scene.side * scene.side);
    Image out{PixelType::u16, scene.side, scene.side, std::vector<std::byte>(2 * pixels)};
    Noise noise(number);
    for (std::int64_t y = 0; y < scene.side; ++y)
        for (std::int64_t x = 0; x < scene.side; ++x) {
            const double inside = scene.diameter / 2 - offset_in(scene, y, x).length();
            const double level = 4000 + 20000 / (1 + std::exp(-inside)) + 1500 * noise();
            const auto pixel = static_cast<std::uint16_t>(std::max(level, 0.0));
            std::memcpy(out.bytes.data() + 2 * static_cast<std::size_t>(y * scene.side + x), &pixel,
                        sizeof(pixel));
        }
    return out;
}

}  // namespace cytofleet::bench
