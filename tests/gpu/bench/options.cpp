#include "gpu/bench/options.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"

namespace cytofleet::bench {
namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (true) {
        const auto comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

std::int64_t number(const std::string& option, const std::string& text, std::int64_t least) {
    std::int64_t out = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (problem != std::errc() || end != text.data() + text.size() || out < least)
        throw Error(ErrorKind::usage,
                    fmt::format("{} {}: needs whole numbers from {} on", option, text, least));
    return out;
}

Precision precision_of(const std::string& name) {
    for (const Precision precision : Scope().precisions)
        if (name == name_of(precision)) return precision;
    throw Error(ErrorKind::usage, fmt::format("--precision {}: there are fp16, tf32, fp32", name));
}

std::vector<std::int64_t> numbers(const std::string& option, const std::string& text,
                                  std::int64_t least) {
    std::vector<std::int64_t> out;
    for (const std::string& each : split(text)) out.push_back(number(option, each, least));
    return out;
}

constexpr const char* known_parts = "masks, network, frames, convolutions, movie";

std::set<std::string> parts_of(const std::string& text) {
    const std::set<std::string> known = Options().parts;
    std::set<std::string> out;
    for (const std::string& part : split(text)) {
        if (!known.contains(part))
            throw Error(ErrorKind::usage,
                        fmt::format("--only {}: there are {}", part, known_parts));
        out.insert(part);
    }
    return out;
}

}  // namespace

std::string usage() {
    return fmt::format(
        "Usage: bench_gpu [options]\n"
        "Times the GPU's peaks, the network, the masks and whole frames. Exit code 1: a result\n"
        "is wrong, or something failed; speed does not count. Parts come in the order below, and\n"
        "precisions, batches and frames in the order given.\n"
        "  --model FILE       checkpoint (default: the small one that comes with the program;\n"
        "                     the bars are for one of Cellpose's size)\n"
        "  --json FILE        write the figures there too, anew after each; \"complete\" at the "
        "end\n"
        "  --device N         GPU, among those that are visible (default: 0)\n"
        "  --only PART,...    of {}\n"
        "  --frames N,...     sides of frames (default: 512,1024,2048,4096)\n"
        "  --batches N,...    of the network (default: 64,8,1,2,4,16,32)\n"
        "  --precision P,...  of fp16, tf32, fp32 (default: all)\n"
        "  --smoke            a little of everything, to see that it runs through\n",
        known_parts);
}

Options read_options(std::span<const char* const> arguments) {
    Options out;
    // First, so that other options narrow it down wherever they stand.
    const auto is_smoke = [](const char* argument) {
        return std::string_view(argument) == "--smoke";
    };
    if (std::ranges::any_of(arguments, is_smoke)) out.scope = smoke_scope();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string option = arguments[i];
        const auto value = [&]() -> std::string {
            if (++i == arguments.size())
                throw Error(ErrorKind::usage, option + ": needs a value; see --help");
            return arguments[i];
        };
        if (option == "--help") {
            out.help = true;
        } else if (option == "--smoke") {
            continue;
        } else if (option == "--model") {
            out.model = value();
        } else if (option == "--json") {
            out.json = value();
        } else if (option == "--device") {
            out.device = static_cast<int>(number(option, value(), 0));
        } else if (option == "--frames") {
            out.scope.frames = numbers(option, value(), 16);
        } else if (option == "--batches") {
            out.scope.batches = numbers(option, value(), 1);
        } else if (option == "--precision") {
            out.scope.precisions.clear();
            for (const std::string& name : split(value()))
                out.scope.precisions.push_back(precision_of(name));
        } else if (option == "--only") {
            out.parts = parts_of(value());
        } else {
            throw Error(ErrorKind::usage, fmt::format("{}: no such option; see --help", option));
        }
    }
    return out;
}

}  // namespace cytofleet::bench
