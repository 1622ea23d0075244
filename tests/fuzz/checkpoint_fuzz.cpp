// Any bytes as a whole checkpoint, zip or legacy: a state dict or one line, and no more memory than
// promised.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "weights/state_dict.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto dict = cytofleet::read_state_dict(std::as_bytes(std::span(data, size)));
        std::size_t bytes = 0;
        for (const auto& [name, tensor] : dict.tensors)
            bytes += tensor.values().size() * sizeof(float);
        for (const auto& [name, numbers] : dict.integers)
            bytes += numbers.size() * sizeof(std::int64_t);
        if (bytes > 16 * size) std::abort();
    } catch (const cytofleet::Error& error) {
        if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
    }
    return 0;
}
