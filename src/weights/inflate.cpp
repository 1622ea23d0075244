#include "weights/inflate.hpp"

#include <algorithm>
#include <limits>

#define ZLIB_CONST
#include <zlib.h>

#include "base/error.hpp"

namespace cytofleet {
namespace {

struct Stream {
    Stream() { ensure(inflateInit2(&z, -MAX_WBITS) == Z_OK, "zlib starts"); }
    ~Stream() { inflateEnd(&z); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    z_stream z{};
};

/// zlib counts in 32 bits.
unsigned portion(std::size_t left) {
    return static_cast<unsigned>(
        std::min<std::size_t>(left, std::numeric_limits<unsigned>::max() / 2));
}

}  // namespace

bool inflate_exactly(std::span<const std::byte> packed, std::span<std::byte> out) {
    Stream stream;
    z_stream& z = stream.z;
    // zlib insists on a place to write to, even for nothing.
    unsigned char nowhere = 0;
    std::size_t used = 0;
    std::size_t made = 0;
    while (true) {
        z.next_in = reinterpret_cast<const unsigned char*>(packed.data()) + used;
        z.avail_in = portion(packed.size() - used);
        z.next_out = out.empty() ? &nowhere : reinterpret_cast<unsigned char*>(out.data()) + made;
        z.avail_out = portion(out.size() - made);
        const unsigned in_before = z.avail_in;
        const unsigned out_before = z.avail_out;
        const int state = ::inflate(&z, Z_NO_FLUSH);
        used += in_before - z.avail_in;
        made += out_before - z.avail_out;
        if (state == Z_STREAM_END) return used == packed.size() && made == out.size();
        if (state != Z_OK) return false;
    }
}

}  // namespace cytofleet
