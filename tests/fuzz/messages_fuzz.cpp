// Any bytes as a message of another rank; the first one says which kind. What is understood is the
// same when it is sent on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "pipeline/assemble.hpp"
#include "pipeline/gather.hpp"
#include "pipeline/messages.hpp"
#include "pipeline/run_record.hpp"
#include "schedule/frame_record.hpp"

namespace {

using Bytes = std::span<const std::byte>;

template <typename Read>
void check(Bytes bytes, const Read& read) {
    const std::vector<std::byte> once = cytofleet::to_bytes(read(bytes));
    if (cytofleet::to_bytes(read(once)) != once) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
    try {
        switch (data[0] % 6) {
            case 0:
                check(bytes, cytofleet::records_from_bytes);
                break;
            case 1:
                check(bytes, cytofleet::run_record_from_bytes);
                break;
            case 2:
                check(bytes, cytofleet::assembly_from_bytes);
                break;
            case 3:
                check(bytes, cytofleet::gather_from_bytes);
                break;
            case 4:
                check(bytes, cytofleet::unit_from_bytes);
                break;
            default:
                cytofleet::number_from_bytes(bytes);
        }
    } catch (const cytofleet::Error&) {
        return 0;
    } catch (const cytofleet::InternalError&) {
        return 0;  // ranks keep their promises; what matters is that nothing worse comes of it
    }
    return 0;
}
