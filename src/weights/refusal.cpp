#include "weights/refusal.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace cytofleet {

Error damaged(std::string_view what) {
    return {ErrorKind::model,
            fmt::format("{}; the file is damaged or incomplete: download or copy it again", what)};
}

Error not_a_state_dict(std::string_view what) {
    return {
        ErrorKind::model,
        fmt::format("{}; save the network again with torch.save(net.state_dict(), FILE)", what)};
}

std::string in_quotes(std::string_view name) {
    constexpr std::size_t longest = 120;
    if (name.size() <= longest) return fmt::format("'{}'", printable(name));
    return fmt::format("'{}...'", printable(name.substr(0, longest)));
}

}  // namespace cytofleet
