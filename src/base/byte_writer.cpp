#include "base/byte_writer.hpp"

namespace cytofleet {

void ByteWriter::append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

}  // namespace cytofleet
