#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "io/hash_pixels.hpp"
#include "io/reader.hpp"
#include "io/wanted_axes.hpp"

namespace cytofleet {
namespace {

nlohmann::json number_or_null(const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

nlohmann::json scene_json(const SceneInfo& scene) {
    std::vector<std::string> channels;
    for (const auto& name : scene.channel_names) channels.push_back(printable(name));
    return {
        {"name", printable(scene.name)},
        {"axes", scene.axes},
        {"sizes", {{"T", scene.t}, {"C", scene.c}, {"Z", scene.z}, {"Y", scene.y}, {"X", scene.x}}},
        {"samples", scene.samples},
        {"type", name_of(scene.type)},
        {"pixel_size_um",
         {{"X", number_or_null(scene.pixel_size.x)},
          {"Y", number_or_null(scene.pixel_size.y)},
          {"Z", number_or_null(scene.pixel_size.z)}}},
        {"channels", channels},
        {"time_increment_s", number_or_null(scene.time_increment)},
        {"missing_frames", scene.missing_frames}};
}

/// " X 0.65" where the size is known.
std::string micrometres(char axis, const std::optional<double>& value) {
    return value ? fmt::format("  {} {:.6g}", axis, *value) : "";
}

void print_scene(const SceneInfo& scene, const std::string& title) {
    print_shown("{}{}{}\n", title, scene.name.empty() ? "" : " ", scene.name);
    print_shown("  axes        {} (slowest first)\n", scene.axes);
    print_shown("  sizes       T {}  C {}  Z {}  Y {}  X {}{}\n", scene.t, scene.c, scene.z,
                scene.y, scene.x,
                scene.samples > 1 ? fmt::format("  RGB samples {}", scene.samples) : "");
    print_shown("  pixels      {}\n", name_of(scene.type));
    if (scene.pixel_size.x || scene.pixel_size.y || scene.pixel_size.z)
        print_shown("  pixel size{}{}{} um\n", micrometres('X', scene.pixel_size.x),
                    micrometres('Y', scene.pixel_size.y), micrometres('Z', scene.pixel_size.z));
    if (scene.time_increment) print_shown("  interval    {:.6g} s\n", *scene.time_increment);
    for (std::size_t i = 0; i < scene.channel_names.size(); ++i)
        print_shown("  channel {}   {}\n", i, scene.channel_names[i]);
    if (!scene.missing_frames.empty())
        print_shown("  missing     {}\n", count_of(scene.missing_frames.size(), "frame"));
}

}  // namespace

int inspect_command(const std::vector<std::string>& arguments) {
    bool as_json = false;
    bool with_hash = false;
    ReaderOptions options;
    std::vector<std::string> files;
    for (const std::string& argument : arguments) {
        if (argument == "--json")
            as_json = true;
        else if (argument == "--hash")
            with_hash = true;
        else if (argument.starts_with("--axes=")) {
            options.axes = argument.substr(7);
            parse_axes(options.axes);
        } else if (argument == "--help" || argument == "-h") {
            print_shown(
                "Usage: cytofleet inspect [--json] [--hash] [--axes=LETTERS] FILE...\n\n"
                "Prints what each file holds. --hash adds the SHA-256 of the pixels of each scene "
                "as\n"
                "a C-ordered little-endian array in the file's own order of axes. --axes as in "
                "run.\n");
            return 0;
        } else if (argument.starts_with("--"))
            throw Error(
                ErrorKind::usage,
                fmt::format("{} is no option of inspect; it takes --json, --hash and --axes=",
                            printable(argument)));
        else
            files.push_back(argument);
    }
    if (files.empty()) throw Error(ErrorKind::usage, "inspect needs a file to look at");
    int code = 0;
    for (const auto& file : files) {
        try {
            const auto reader = open_reader(file, options);
            const FileInfo& info = reader->info();
            std::vector<std::string> hashes;
            for (std::size_t s = 0; with_hash && s < info.scenes.size(); ++s)
                hashes.push_back(hash_pixels(*reader, static_cast<std::int64_t>(s)));
            if (as_json) {
                nlohmann::json scenes = nlohmann::json::array();
                for (std::size_t s = 0; s < info.scenes.size(); ++s) {
                    scenes.push_back(scene_json(info.scenes[s]));
                    if (with_hash) scenes.back()["sha256"] = hashes[s];
                }
                std::vector<std::string> members;
                for (const auto& member : info.members) members.push_back(show(member));
                const nlohmann::json json{{"file", show(info.path)},
                                          {"format", info.format},
                                          {"compression", info.compression},
                                          {"scenes", scenes},
                                          {"history", info.history.size()},
                                          {"warnings", info.warnings},
                                          {"members", members}};
                print_text(json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) +
                           "\n");
                continue;
            }
            print_shown("{}: {}, compression {}\n", info.path, info.format, info.compression);
            for (std::size_t s = 0; s < info.scenes.size(); ++s) {
                print_scene(info.scenes[s], info.scenes.size() > 1 ? fmt::format("scene {}", s + 1)
                                                                   : std::string("image"));
                if (with_hash) print_shown("  SHA-256     {}\n", hashes[s]);
            }
            if (info.members.size() > 1) {
                std::vector<std::string> names;
                for (const auto& member : info.members) names.push_back(show(member.filename()));
                print_shown("set of        {}: {}\n", count_of(names.size(), "file"),
                            fmt::format("{}", fmt::join(names, ", ")));
            }
            if (!info.history.empty())
                print_shown("history       {} of earlier steps (VLabApp annotations)\n",
                            count_of(info.history.size(), "record"));
            for (const auto& warning : info.warnings) print_shown("warning: {}\n", warning);
        } catch (const Error& error) {
            print_error("error: {}\n", error.what());
            code = 1;
        }
    }
    return code;
}

}  // namespace cytofleet
