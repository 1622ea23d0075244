#include "gpu/bench/options.hpp"

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
    throw Error(ErrorKind::usage, fmt::format("--precision {}: there are fp32, tf32, fp16", name));
}

}  // namespace

std::string usage() {
    return "Usage: bench_gpu [options]\n"
           "Times the GPU's peaks, the network, the masks and whole frames. Exit code 1: a result\n"
           "is wrong, or something failed; speed does not count.\n"
           "  --model FILE       checkpoint (default: the small one that comes with the program;\n"
           "                     the bars are for one of Cellpose's size)\n"
           "  --json FILE        write the figures there too\n"
           "  --device N         GPU, among those that are visible (default: 0)\n"
           "  --only PART,...    of network, convolutions, masks, frames\n"
           "  --frames N,...     sides of frames (default: 512,1024,2048,4096)\n"
           "  --precision P,...  of fp32, tf32, fp16 (default: all)\n"
           "  --smoke            a little of everything, to see that it runs through\n";
}

Options read_options(std::span<const char* const> arguments) {
    Options out;
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
            out.scope = smoke_scope();
        } else if (option == "--model") {
            out.model = value();
        } else if (option == "--json") {
            out.json = value();
        } else if (option == "--device") {
            out.device = static_cast<int>(number(option, value(), 0));
        } else if (option == "--frames") {
            out.scope.frames.clear();
            for (const std::string& side : split(value()))
                out.scope.frames.push_back(number(option, side, 16));
        } else if (option == "--precision") {
            out.scope.precisions.clear();
            for (const std::string& name : split(value()))
                out.scope.precisions.push_back(precision_of(name));
        } else if (option == "--only") {
            const std::set<std::string> known = Options().parts;
            out.parts.clear();
            for (const std::string& part : split(value())) {
                if (!known.contains(part))
                    throw Error(
                        ErrorKind::usage,
                        fmt::format("--only {}: there are network, convolutions, masks, frames",
                                    part));
                out.parts.insert(part);
            }
        } else {
            throw Error(ErrorKind::usage, fmt::format("{}: no such option; see --help", option));
        }
    }
    return out;
}

}  // namespace cytofleet::bench
