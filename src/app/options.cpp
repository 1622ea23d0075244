#include "app/options.hpp"

#include <algorithm>

// File names hold commas: a list option takes one value each time it is given.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>
#include <fmt/format.h>

#include "app/number.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "io/hdf5/hdf5_labels.hpp"
#include "io/wanted_axes.hpp"
#include "models/gpu.hpp"

namespace cytofleet {
namespace {

using Texts = std::vector<std::string>;

cxxopts::Options make_parser() {
    cxxopts::Options parser(
        "cytofleet run",
        "Finds the cells in every frame of the given TIFF files and folders, and writes for each "
        "file NAME\na label image NAME_vSM.ome.tif (0 = background, every cell its own number) and "
        "a log NAME_vSM.log.\nThe inputs are never changed.\n");
    parser.set_width(100);
    parser.custom_help("[OPTIONS]");
    parser.positional_help("INPUT...");
    const auto text = [] { return cxxopts::value<std::string>(); };
    const auto list = [] { return cxxopts::value<Texts>(); };
    parser.add_options("Model")(
        "m,model",
        "checkpoint file of your own model, the name of a built-in one (cyto3, nuclei, ...; see "
        "cytofleet models list), or demo",
        text(), "MODEL")(
        "model-dir",
        "folder with the files of built-in models (default: $CELLPOSE_LOCAL_MODELS_PATH, then "
        "~/.cellpose/models)",
        text(),
        "DIR")("d,diameter",
               "diameter of the cells in pixels (default: your own model knows its diameter; a "
               "built-in one must be told)",
               text(), "PIXELS");
    parser.add_options("Detection")(
        "cellprob-threshold",
        "lower finds more and larger cells, usually between -6 and 6 (default: 0.0)", text(),
        "NUMBER")("flow-threshold",
                  "higher keeps more cells of odd shape, 0 keeps all (default: 0.4)", text(),
                  "NUMBER")("min-size", "drop cells with fewer pixels (default: 15)", text(),
                            "PIXELS")(
        "max-size-fraction", "drop cells larger than this part of the frame (default: 0.4)", text(),
        "FRACTION")(
        "niter",
        "steps of flow following, more for long thin cells (default: 0, from the diameter)", text(),
        "STEPS");
    parser.add_options("Image")(
        "c,channel", "channel to segment, counted from 0; of an RGB image its sample (default: 0)",
        text(), "NUMBER")(
        "axes",
        "what the axes are, slowest first, whatever the files say, for example T, TCYX or "
        "T6C2 (default: what they say; pages that they do not name are T)",
        text(), "LETTERS")(
        "keep-missing",
        "also take files that announce very many frames more than they hold; each becomes an empty "
        "plane")("invert", "the cells are darker than the background")(
        "normalize-percentile", "percentiles of the frame that become 0 and 1 (default: 1,99)",
        text(), "LOW,HIGH");
    parser.add_options("Folder")(
        "include", "only names that contain TEXT, for example _BF; may be repeated", list(),
        "TEXT")("exclude", "no names that contain TEXT; may be repeated", list(), "TEXT")(
        "extensions", "file types, separated by commas (default: .tif,.tiff,.ome.tif,.ome.tiff)",
        text(), "LIST")("r,recursive", "look into subfolders too");
    parser.add_options("Result")(
        "o,output-dir", "folder for all results (default: beside each input)", text(), "DIR")(
        "format",
        "tiff, hdf5 or both; HDF5 is NAME_vSM.h5, written by all ranks together (default: tiff)",
        text(), "FORMAT")("collect", "also write all results into one HDF5 file, a group for each",
                          text(), "FILE.h5")(
        "suffix", "letters, digits and - after _vSM in the names of the results", text(), "TEXT")(
        "overwrite", "replace results that are there already")(
        "skip-existing", "leave out inputs whose result is there already, whoever made it")(
        "overlay", "also write NAME_vSM.png, a picture of frames with their cells outlined")(
        "n,dry-run", "say what would be done, and do nothing");
    parser.add_options("Speed")(
        "t,threads", "threads of each rank (default: this rank's share of the cores)", text(),
        "NUMBER")("batch-size",
                  "tiles that go through the network together (default: 8, on a GPU 64)", text(),
                  "NUMBER")("device",
                            "auto, cpu or gpu; auto takes a GPU where every rank has one "
                            "(default: auto)",
                            text(), "DEVICE")(
        "precision",
        "of the network on a GPU: auto, fp32, tf32 or fp16; auto does what PyTorch does there "
        "(default: auto)",
        text(), "TYPE")("partition",
                        "spread files or frames over ranks: auto, files, frames (default: auto)",
                        text(), "HOW");
    parser.add_options("Long runs")("no-resume",
                                    "do again what earlier runs with the same settings have done")(
        "max-time",
        "stop in order after so long, for example 11:45:00 (hours, minutes, seconds); exit code 85",
        text(), "TIME")("retry-quarantined", "try again the frames that were given up")(
        "max-attempts",
        "give a frame up when the program has died with it so many times (default: 3)", text(),
        "NUMBER")("fail-fast", "stop at the first frame that is given up")(
        "shard",
        "do part I of N, for N processes with the same inputs and options that share the work "
        "without MPI, such as a job array; counted from 1",
        text(), "I/N")("verify-inputs",
                       "tell changed inputs by their contents, not by size and time; reads "
                       "every file once more")(
        "share-books",
        "work on from what other users have done in the same folder; their planes are unpacked and "
        "counted again");
    parser.add_options("Advanced Cellpose")(
        "dynamics",
        "whose masks to reproduce: Python's Cellpose on its cpu or cuda device "
        "(default: cpu)",
        text(), "DEVICE")("augment", "average over flipped, half-overlapping tiles; slower")(
        "tile-overlap", "part of a tile shared with its neighbour, 0.05 to 0.5 (default: 0.1)",
        text(), "FRACTION")("no-resample",
                            "follow flows at the network's resolution; faster, coarser outlines")(
        "no-interp", "follow flows without interpolation");
    parser.add_options("Message")("log-level", "error, warning, info or debug (default: info)",
                                  text(), "LEVEL")("q,quiet", "errors only")("h,help", "this text");
    parser.add_options("Inputs")("inputs", "files and folders", list(), "INPUT");
    parser.parse_positional("inputs");
    return parser;
}

const Texts shown_groups{"Model",     "Detection",         "Image",  "Folder", "Result", "Speed",
                         "Long runs", "Advanced Cellpose", "Message"};

/// The values given, by option.
class Given {
  public:
    explicit Given(const cxxopts::ParseResult& result) : result_(result) {}
    bool has(const char* option) const { return result_.count(option) > 0; }
    std::string text(const char* option) const { return result_[option].as<std::string>(); }
    Texts list(const char* option) const {
        return has(option) ? result_[option].as<Texts>() : Texts{};
    }
    template <typename T>
    void decimal(const char* option, T& target, double low, double high) const {
        if (has(option)) target = static_cast<T>(decimal_number(option, text(option), low, high));
    }
    template <typename T>
    void whole(const char* option, T& target, std::int64_t low, std::int64_t high) const {
        if (has(option)) target = static_cast<T>(whole_number(option, text(option), low, high));
    }
    /// One of a few words; `target` gets the value beside it.
    template <typename T>
    void word(const char* option, T& target,
              const std::vector<std::pair<std::string, T>>& words) const {
        if (!has(option)) return;
        std::string names;
        for (const auto& [name, value] : words) {
            if (name == text(option)) {
                target = value;
                return;
            }
            names += (names.empty() ? "" : ", ") + name;
        }
        throw Error(ErrorKind::usage, fmt::format("--{} is {}; it takes one of {}", option,
                                                  printable(text(option)), names));
    }

  private:
    const cxxopts::ParseResult& result_;
};

constexpr double no_limit = 1e12;
constexpr std::int64_t many = 1'000'000'000;

void read_cellpose(const Given& given, CellposeSettings& s) {
    given.decimal("diameter", s.diameter, 0, 1e6);
    given.decimal("cellprob-threshold", s.masks.cellprob_threshold, -no_limit, no_limit);
    given.decimal("flow-threshold", s.masks.flow_threshold, -no_limit, no_limit);
    given.whole("min-size", s.masks.min_size, -many, many);
    given.decimal("max-size-fraction", s.masks.max_size_fraction, 0, 1e6);
    given.whole("niter", s.niter, 0, many);
    given.decimal("tile-overlap", s.tile_overlap, 0.05, 0.5);
    given.whole("batch-size", s.batch_size, 1, 4096);
    s.augment = given.has("augment");
    s.resample = !given.has("no-resample");
    s.masks.interpolate = !given.has("no-interp");
    s.normalize.invert = given.has("invert");
    given.word("dynamics", s.masks.variant, {{"cpu", Variant::cpu}, {"cuda", Variant::cuda}});
    if (!given.has("normalize-percentile")) return;
    const auto parts = split(given.text("normalize-percentile"), ',');
    if (parts.size() != 2)
        throw Error(ErrorKind::usage,
                    fmt::format("--normalize-percentile is {}; it takes two numbers, LOW,HIGH",
                                printable(given.text("normalize-percentile"))));
    for (std::size_t i = 0; i < 2; ++i)
        s.normalize.percentile[i] = decimal_number("normalize-percentile", parts[i], 0, 100);
    if (s.normalize.percentile[0] >= s.normalize.percentile[1])
        throw Error(ErrorKind::usage, "--normalize-percentile: LOW must be smaller than HIGH");
}

void read_files(const Given& given, RunOptions& run) {
    for (const auto& input : given.list("inputs")) run.inputs.emplace_back(input);
    run.include = given.list("include");
    run.exclude = given.list("exclude");
    const auto empty = [](const std::string& part) { return part.empty(); };
    std::erase_if(run.include, empty);
    std::erase_if(run.exclude, empty);
    if (given.has("extensions")) {
        run.extensions = split(given.text("extensions"), ',');
        std::erase_if(run.extensions, empty);
        for (auto& extension : run.extensions)
            if (!extension.starts_with('.')) extension.insert(0, ".");
    }
    run.recursive = given.has("recursive");
    run.keep_missing = given.has("keep-missing");
    given.whole("channel", run.channel, 0, 100000);
    if (given.has("axes")) {
        run.reader.axes = given.text("axes");
        parse_axes(run.reader.axes);
    }
}

void read_results(const Given& given, RunOptions& run) {
    if (given.has("output-dir")) {
        run.output_dir = given.text("output-dir");
        if (run.output_dir.empty())
            throw Error(ErrorKind::usage, "--output-dir is empty; name a folder");
    }
    given.word(
        "format", run.format,
        {{"tiff", OutputFormat::tiff}, {"hdf5", OutputFormat::hdf5}, {"both", OutputFormat::both}});
    if (given.has("collect")) run.collect = given.text("collect");
    if ((run.format != OutputFormat::tiff || given.has("collect")) && !has_hdf5())
        throw Error(ErrorKind::usage,
                    fmt::format("{}: this build has no HDF5; build with libhdf5-openmpi-dev "
                                "installed, or leave it out",
                                given.has("collect") ? "--collect" : "--format"));
    if (given.has("collect") && (run.format == OutputFormat::hdf5 || run.collect.empty()))
        throw Error(ErrorKind::usage,
                    "--collect takes a file name, and --format tiff or both: it is made from the "
                    "OME-TIFF masks");
    run.overlay = given.has("overlay");
    if (run.format == OutputFormat::hdf5 && run.overlay)
        throw Error(ErrorKind::usage,
                    "--overlay draws what is in OME-TIFF masks; use it with --format both");
    if (given.has("suffix")) run.suffix = given.text("suffix");
    const bool plain = std::ranges::all_of(run.suffix, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    });
    if (!plain)
        throw Error(ErrorKind::usage,
                    fmt::format("--suffix is {}; it takes letters, digits and - only",
                                printable(run.suffix)));
    if (given.has("overwrite") && given.has("skip-existing"))
        throw Error(ErrorKind::usage, "--overwrite and --skip-existing exclude each other");
    if (given.has("overwrite")) run.existing = Existing::overwrite;
    if (given.has("skip-existing")) run.existing = Existing::skip;
    given.word("partition", run.partition,
               {{"auto", Partition::automatic},
                {"files", Partition::files},
                {"frames", Partition::frames}});
}

/// "HH:MM:SS", "MM:SS" or seconds.
double seconds_of(const char* option, const std::string& text) {
    double seconds = 0;
    const auto parts = split(text, ':');
    bool good = !parts.empty() && parts.size() <= 3;
    for (std::size_t i = 0; good && i < parts.size(); ++i) {
        good = !parts[i].empty() && parts[i].size() <= 9 &&
               parts[i].find_first_not_of("0123456789") == std::string::npos;
        if (good) seconds = seconds * 60 + static_cast<double>(std::stol(parts[i]));
    }
    if (!good || seconds <= 0)
        throw Error(ErrorKind::usage,
                    fmt::format("--{} is {}; it takes a time above 0 such as 11:45:00, 30:00 or 90",
                                option, printable(text)));
    return seconds;
}

Shard shard_from(const std::string& text) {
    const auto parts = split(text, '/');
    if (parts.size() != 2)
        throw Error(ErrorKind::usage,
                    fmt::format("--shard is {}; it takes I/N such as 3/8", printable(text)));
    Shard out;
    out.count = static_cast<int>(whole_number("shard", parts[1], 1, 1'000'000));
    out.index = static_cast<int>(whole_number("shard", parts[0], 1, out.count)) - 1;
    return out;
}

void read_long_runs(const Given& given, RunOptions& run) {
    run.resume = !given.has("no-resume");
    run.retry_quarantined = given.has("retry-quarantined");
    run.fail_fast = given.has("fail-fast");
    run.verify_inputs = given.has("verify-inputs");
    run.share_books = given.has("share-books");
    given.whole("max-attempts", run.max_attempts, 1, 1'000'000);
    if (given.has("max-time")) run.max_seconds = seconds_of("max-time", given.text("max-time"));
    if (given.has("shard")) run.shard = shard_from(given.text("shard"));
    if (!run.shard.alone() && !run.resume)
        throw Error(ErrorKind::usage,
                    "--shard and --no-resume exclude each other: processes that share a run find "
                    "each other's work by resuming; remove .cytofleet to start afresh");
    if (!run.shard.alone() && !run.collect.empty())
        throw Error(
            ErrorKind::usage,
            "--shard and --collect exclude each other: a collection is made of all results; "
            "when all shards are done, give the same command once more without --shard");
}

void read_device(const Given& given, RunOptions& run) {
    given.word("device", run.device,
               {{"auto", DeviceChoice::automatic},
                {"cpu", DeviceChoice::cpu},
                {"gpu", DeviceChoice::gpu}});
    given.word("precision", run.precision,
               {{"auto", PrecisionChoice::automatic},
                {"fp32", PrecisionChoice::fp32},
                {"tf32", PrecisionChoice::tf32},
                {"fp16", PrecisionChoice::fp16}});
    const bool lower =
        run.precision != PrecisionChoice::automatic && run.precision != PrecisionChoice::fp32;
    if (lower && (run.device == DeviceChoice::cpu || !built_for_gpu()))
        throw Error(ErrorKind::usage, fmt::format("--precision {}: the CPU computes in fp32 only; "
                                                  "leave it out, or use a GPU",
                                                  given.text("precision")));
    if (run.device == DeviceChoice::gpu && !built_for_gpu())
        throw Error(ErrorKind::usage,
                    "--device gpu: this build has no GPU support; build with "
                    "-DCYTOFLEET_CUDA=ON, or use --device cpu");
}

}  // namespace

std::string run_help() {
    return make_parser().help(shown_groups) +
           "\nExamples:\n"
           "  cytofleet run --model my_model movies/\n"
           "      segment every TIFF of a folder with your own model\n"
           "  cytofleet run --model cyto3 --diameter 30 --include _BF --output-dir masks movies/\n"
           "      only the bright-field movies, results in one folder\n"
           "  mpirun -n 8 cytofleet run --model my_model movies/\n"
           "      the same on 8 processes\n"
           "\n"
           "Killed or stopped, the same command goes on where it was: what is done is written "
           "down in\n"
           "the folder .cytofleet beside the results.\n"
           "\n"
           "Exit codes: 0 all done; 1 nothing could be done; 2 a wrong command line, or results "
           "that are\n"
           "there already; 3 done, but some files or frames could not be segmented (they are "
           "named); 4 all\n"
           "done, but a rank was lost; 85 stopped in order, by --max-time, SIGTERM or SIGUSR1: "
           "start it again.\n";
}

RunCommand parse_run(const std::vector<std::string>& arguments) {
    cxxopts::Options parser = make_parser();
    std::vector<const char*> argv{"cytofleet run"};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    try {
        const auto result = parser.parse(static_cast<int>(argv.size()), argv.data());
        const Given given(result);
        RunCommand out;
        out.run.command = arguments;
        out.help = given.has("help");
        if (out.help) return out;
        if (given.has("model")) out.run.model = given.text("model");
        if (out.run.model.empty())
            throw Error(ErrorKind::usage,
                        "--model is missing; give your checkpoint file, the name of "
                        "a built-in model, or demo");
        if (given.has("model-dir")) out.run.model_dir = given.text("model-dir");
        read_cellpose(given, out.run.cellpose);
        read_files(given, out.run);
        read_results(given, out.run);
        read_long_runs(given, out.run);
        read_device(given, out.run);
        if (given.has("threads")) {
            int threads = 1;
            given.whole("threads", threads, 1, 4096);
            out.threads = threads;
        }
        given.word("log-level", out.run.log_level,
                   {{"error", LogLevel::error},
                    {"warning", LogLevel::warning},
                    {"info", LogLevel::info},
                    {"debug", LogLevel::debug}});
        if (given.has("quiet")) out.run.log_level = LogLevel::error;
        out.dry_run = given.has("dry-run");
        return out;
    } catch (const cxxopts::exceptions::exception& wrong) {
        throw Error(ErrorKind::usage,
                    fmt::format("{}; see cytofleet run --help", printable(wrong.what())));
    }
}

}  // namespace cytofleet
