// Tells torch's formats, and what people take for a checkpoint, apart by the first bytes.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "weights/pickle_machine.hpp"
#include "weights/refusal.hpp"
#include "weights/state_dict.hpp"
#include "weights/torch_legacy.hpp"
#include "weights/torch_zip.hpp"

namespace cytofleet {
namespace {

using namespace std::string_view_literals;

bool looks_like_text(std::string_view head) {
    return std::ranges::all_of(head, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\r' || c == '\t';
    });
}

}  // namespace

StateDict read_state_dict(std::span<const std::byte> file) {
    if (file.empty()) throw damaged("is empty");
    const std::string_view head{reinterpret_cast<const char*>(file.data()),
                                std::min<std::size_t>(file.size(), 512)};
    if (head.starts_with("PK\x03\x04"sv)) return read_torch_zip(file);
    if (is_torch_legacy(file)) return read_torch_legacy(file);
    if (looks_like_text(head))
        throw Error(ErrorKind::model,
                    fmt::format("looks like text, e.g. an error page saved as a model (it starts "
                                "with {}): download it again",
                                in_quotes(head.substr(0, 40))));
    if (head.starts_with("\x93NUMPY"sv))
        throw Error(ErrorKind::model,
                    "is a numpy file, e.g. a size model: name the network's own file");
    if (head.starts_with("\x1f\x8b"sv))
        throw Error(ErrorKind::model, "is compressed with gzip: unpack it first");
    if (head.starts_with("\x80"sv)) {
        // Read for the sake of the message: a pickle that asks for code is refused by name.
        pickle::Objects objects;
        ByteReader in(file, "pickle");
        pickle::Machine(in, objects).run();
        throw not_a_state_dict("is a bare pickle, not a file of torch.save");
    }
    throw Error(
        ErrorKind::model,
        "is no checkpoint of torch, neither zip nor legacy: name a Cellpose 3 network file");
}

}  // namespace cytofleet
