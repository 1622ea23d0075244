#include "support/npy.hpp"

#include <cstring>
#include <stdexcept>

#include <zlib.h>

#include "image/image.hpp"

namespace cytofleet::test {
namespace {

std::string slurp(const std::filesystem::path& path) {
    gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
    if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
    std::string out;
    std::vector<char> buffer(1 << 16);
    int got = 0;
    while ((got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0)
        out.append(buffer.data(), static_cast<std::size_t>(got));
    gzclose(file);
    if (got < 0) throw std::runtime_error("cannot read " + path.string());
    return out;
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    const auto from = text.find(begin);
    if (from == std::string::npos) throw std::runtime_error("npy header without " + begin);
    const auto start = from + begin.size();
    return text.substr(start, text.find(end, start) - start);
}

template <typename To, typename From>
std::vector<To> convert(const std::vector<std::byte>& bytes) {
    std::vector<To> out(bytes.size() / sizeof(From));
    for (std::size_t i = 0; i < out.size(); ++i) {
        From value;
        std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
        out[i] = static_cast<To>(value);
    }
    return out;
}

template <typename To>
std::vector<To> convert_any(const Npy& array) {
    const auto& t = array.type;
    if (t == "f4") return convert<To, float>(array.bytes);
    if (t == "f8") return convert<To, double>(array.bytes);
    if (t == "u1" || t == "b1") return convert<To, std::uint8_t>(array.bytes);
    if (t == "u2") return convert<To, std::uint16_t>(array.bytes);
    if (t == "u4") return convert<To, std::uint32_t>(array.bytes);
    if (t == "i2") return convert<To, std::int16_t>(array.bytes);
    if (t == "i4") return convert<To, std::int32_t>(array.bytes);
    if (t == "i8") return convert<To, std::int64_t>(array.bytes);
    if (t == "f2") {
        const Image half{PixelType::f16, 1, array.count(), array.bytes};
        std::vector<float> wide(static_cast<std::size_t>(array.count()));
        to_float(half, wide);
        return {wide.begin(), wide.end()};
    }
    throw std::runtime_error("npy type " + t + " is not known");
}

}  // namespace

std::int64_t Npy::count() const {
    std::int64_t product = 1;
    for (const auto size : shape) product *= size;
    return product;
}

std::vector<float> Npy::floats() const {
    return convert_any<float>(*this);
}
std::vector<double> Npy::doubles() const {
    return convert_any<double>(*this);
}
std::vector<std::uint32_t> Npy::labels() const {
    return convert_any<std::uint32_t>(*this);
}

Npy load_npy(const std::filesystem::path& path) {
    const std::string raw = slurp(path);
    if (raw.size() < 10 || raw.compare(0, 6, "\x93NUMPY") != 0)
        throw std::runtime_error(path.string() + " is not an npy file");
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(raw[i]); };
    const std::size_t length = byte(8) + 256U * byte(9);
    const std::string header = raw.substr(10, length);
    Npy out;
    const std::string descr = between(header, "'descr': '", "'");
    out.type = descr.substr(1);
    if (between(header, "'fortran_order': ", ",") != "False")
        throw std::runtime_error(path.string() + " is in Fortran order");
    std::string sizes = between(header, "'shape': (", ")");
    for (std::size_t at = 0; at < sizes.size();) {
        if (sizes[at] < '0' || sizes[at] > '9') {
            ++at;
            continue;
        }
        std::size_t used = 0;
        out.shape.push_back(std::stoll(sizes.substr(at), &used));
        at += used;
    }
    out.bytes.resize(raw.size() - 10 - length);
    std::memcpy(out.bytes.data(), raw.data() + 10 + length, out.bytes.size());
    return out;
}

}  // namespace cytofleet::test
