#include "models/cellpose/cuda/frame_loader.hpp"

#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "base/timer.hpp"
#include "kernels/normalize/percentile_cuda.hpp"
#include "kernels/tiles/cut_tiles_cuda.hpp"
#include "models/cellpose/grey_plane.hpp"

namespace cytofleet::cuda {
namespace {

/// Whether the device can normalise so.
bool by_percentiles(const NormalizeOptions& options) {
    return options.normalize && !options.lowhigh && options.sharpen_radius == 0 &&
           options.smooth_radius == 0 && options.tile_norm_blocksize == 0;
}

/// Calls with a value of the pixel type that a frame has on the device.
template <class Body>
void with_pixels(PixelType type, Body body) {
    switch (type) {
        case PixelType::u8:
            return body(std::uint8_t{});
        case PixelType::u16:
            return body(std::uint16_t{});
        case PixelType::f32:
            return body(float{});
        default:
            throw InternalError("a device has no frames of this pixel type");
    }
}

}  // namespace

bool LoadedFrame::load(const Image& plane, std::int64_t channels, const CellposeSettings& settings,
                       Stream up, SegmentResult& result) {
    const Timer timer;
    extent_ = {plane.height, plane.width};
    channels_ = channels;
    scaled_here_ = by_percentiles(settings.normalize);
    invert_ = settings.normalize.invert;
    const bool as_it_is =
        scaled_here_ && (plane.type == PixelType::u8 || plane.type == PixelType::u16);
    type_ = as_it_is ? plane.type : PixelType::f32;
    // The copy before is over: its frame is down again.
    const auto pixels = static_cast<std::size_t>(extent_.pixels());
    PlaneCheck check;
    std::size_t bytes = pixels * size_of(type_);
    if (as_it_is) {
        const auto room = staging_.room(bytes);
        std::memcpy(room.data(), plane.bytes.data(), bytes);
        with_pixels(type_, [&]<class Pixel>(Pixel) {
            check = check_plane(
                std::span<const Pixel>(reinterpret_cast<const Pixel*>(room.data()), pixels));
        });
    } else if (scaled_here_) {
        const std::span<float> values(reinterpret_cast<float*>(staging_.room(bytes).data()),
                                      pixels);
        to_float(plane, values);
        check = check_plane(std::span<const float>(values));
    } else {
        std::vector<float> image = grey_input(plane, channels);
        check = check_plane(std::span<const float>(image).first(pixels));
        if (check.finite) {
            normalize(Exec{settings.threads}, image, channels, extent_.height, extent_.width,
                      settings.normalize);
            bytes = image.size() * sizeof(float);
            std::memcpy(staging_.room(bytes).data(), image.data(), bytes);
        }
    }
    if (!take_check(check, plane, result)) return false;
    send(up, bytes);
    seconds_ = timer.seconds();
    return true;
}

void LoadedFrame::send(Stream up, std::size_t bytes) {
    cut_.hold_up(up);
    if (pixels_.size() < bytes) {
        pixels_ = {};
        pixels_ = DeviceArray<std::byte>(bytes);
    }
    copy_up(up, pixels_.data(), staging_.room(bytes).data(), bytes);
    copied_.record(up);
}

void LoadedFrame::prepare(Stream stream, const CellposeSettings& settings) {
    copied_.hold_up(stream);
    if (!scaled_here_) return;
    if (scratch_.size() == 0) scratch_ = DeviceArray<std::byte>(frame_scale_scratch_bytes());
    with_pixels(type_, [&]<class Pixel>(Pixel) {
        frame_scale(stream, reinterpret_cast<const Pixel*>(pixels_.data()), extent_,
                    settings.normalize.percentile, scratch_.data(), scale_.data());
    });
}

void LoadedFrame::cut(Stream stream, const TileGridView& grid, std::int64_t first,
                      std::int64_t count, float* tiles) const {
    with_pixels(type_, [&]<class Pixel>(Pixel) {
        FrameSource<Pixel> source;
        source.pixels = reinterpret_cast<const Pixel*>(pixels_.data());
        source.extent = extent_;
        source.planes = scaled_here_ ? 1 : static_cast<int>(channels_);
        source.scales = scaled_here_ ? scale_.data() : nullptr;
        source.invert = scaled_here_ && invert_;
        cut_tiles(stream, source, grid, static_cast<int>(channels_), TileLayout::planar, first,
                  count, tiles);
    });
}

}  // namespace cytofleet::cuda
