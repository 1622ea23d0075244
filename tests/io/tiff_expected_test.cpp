// Every file of the public collection gives the pixels that tifffile or libtiff give, or one line.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/peak_memory.hpp"
#include "io/hash_pixels.hpp"
#include "io/reader.hpp"

namespace cytofleet {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// The whole collection, or the files of it that the source tree has.
fs::path collection() {
    if (const char* const set = std::getenv("CYTOFLEET_DATA")) return set;
    const fs::path beside = fs::path(CYTOFLEET_SOURCE) / "../shared/data";
    if (fs::exists(beside / "tiff_expected.jsonl")) return beside;
    const char* const ci = std::getenv("CI");
    if (ci != nullptr && std::string(ci) == "true") {
        throw std::runtime_error("CI=true and no image collection: set CYTOFLEET_DATA");
    }
    return fs::path(CYTOFLEET_TEST_DATA) / "tiff/collection";
}

std::vector<json> expectations(const fs::path& root) {
    std::ifstream file(root / "tiff_expected.jsonl");
    std::vector<json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
    if (lines.empty()) throw std::runtime_error("no tiff_expected.jsonl in " + root.string());
    return lines;
}

// Hashes by tifffile 2026.3.3 with imagecodecs 2026.3.6 where the collection's own table, made
// without imagecodecs, has none.
std::map<std::string, std::string> more_hashes() {
    std::ifstream file(fs::path(CYTOFLEET_TEST_DATA) / "tiff/expected_more.json");
    return json::parse(file).get<std::map<std::string, std::string>>();
}

// What reading gave: a hash or an error.
struct Outcome {
    std::string hash;
    std::string first_page;  // hash of the first page, all samples in file order
    std::string error;
};

std::string first_page_hash(Reader& reader) {
    const SceneInfo& info = reader.info().scenes.front();
    std::vector<Image> samples;
    PlaneId plane;
    for (plane.sample = 0; plane.sample < info.samples; ++plane.sample) {
        samples.push_back(reader.read(plane));
    }
    Sha256 hash;
    if (info.axes.back() != 'S') {
        for (const Image& image : samples) hash.update(image.bytes);
        return hash.hex().substr(0, 32);
    }
    std::vector<std::byte> mixed;
    const std::size_t size = size_of(info.type);
    for (std::size_t at = 0; at < samples.front().bytes.size(); at += size) {
        for (const Image& image : samples) {
            const auto from = image.bytes.begin() + static_cast<std::ptrdiff_t>(at);
            mixed.insert(mixed.end(), from, from + static_cast<std::ptrdiff_t>(size));
        }
    }
    hash.update(mixed);
    return hash.hex().substr(0, 32);
}

Outcome read_everything(const fs::path& path) {
    Outcome outcome;
    try {
        const auto reader = open_reader(path);
        outcome.first_page = first_page_hash(*reader);
        outcome.hash = hash_pixels(*reader).substr(0, 32);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input) << path;
        outcome.error = error.what();
        outcome.hash.clear();
    }
    return outcome;
}

// Files whose pixels deliberately differ from tifffile's series 0, or that are read although
// libtiff's own tool fails, each with the reason.
struct Exception {
    std::string reason;
    bool same_page;  // the first page is libtiff's all the same
};
const std::map<std::string, Exception> exceptions = {
    {"tiff/image-tiff/images/hpredict-1c-12b.tiff",
     {"uncompressed with a predictor: libtiff, as the standard, ignores the predictor", false}},
    {"tiff/libtiff/test_ifd_loop_subifd.tif",
     {"a chain that loops: libtiff and we read the five pages before it, tifffile four", true}},
    {"tiff/libtiff/testfax4.tiff", {"damaged fax rows: libtiff's page 0 is the expectation", true}},
    {"tiff/pillow/crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3.tif",
     {"damaged fax rows: libtiff's page 0 is the expectation", true}},
    {"tiff/twelvemonkeys/imageio-metadata/src/test/resources/exif/emptyexiftag.tif",
     {"three pages alike but for the compression: one series for us, two for tifffile", true}},
    {"ome_tiff/ome-model/2013-06/set-1-meta-companion/18x24y5z1t1c8b-text-split-Z1.ome.tiff",
     {"BinaryOnly: we follow the companion to the whole set, tifffile reads the one page", true}},
    {"ome_tiff/ome-model/2013-06/set-1-meta-companion/18x24y5z1t1c8b-text-split-Z3.ome.tiff",
     {"as above", false}},
    {"ome_tiff/ome-model/2013-06/set-1-meta-companion/18x24y5z1t1c8b-text-split-Z4.ome.tiff",
     {"as above", false}},
    {"ome_tiff/ome-model/2015-01/set-1-meta-companion/18x24y5z1t1c8b-text-split-Z1.ome.tiff",
     {"as above", true}},
    {"ome_tiff/ome-model/2015-01/set-1-meta-companion/18x24y5z1t1c8b-text-split-Z4.ome.tiff",
     {"as above", false}},
    {"ome_tiff/viv/sites/avivator/data/multifile-Z3.ome.tiff",
     {"as above, and the set's first plane is not in the collection", false}},
    {"ome_tiff/viv/sites/avivator/data/multifile-Z4.ome.tiff", {"as above", false}},
    {"imagej_tiff/bmcv/scale_image/test-data/inputs/binary_c2_z10.tiff",
     {"its pages are XC, not YX: only the series can be compared (shaped_test)", false}},
    {"ndtiff/v3/ndtiff3.2_magellan_explore_rgb/Full_resolution/"
     "Magellan_expolore_multi_channel_NDTiffStack.tif",
     {"tifffile fills a 3 x 3 grid of positions with zeros, we give the three pages there are",
      true}},
};

TEST(TiffExpected, EveryFileGivesItsPixelsOrOneLine) {
    const fs::path root = collection();
    const auto more = more_hashes();
    int same = 0;
    int refused = 0;
    int excepted = 0;
    for (const json& line : expectations(root)) {
        const std::string name = line.at("file");
        SCOPED_TRACE(name);
        ASSERT_TRUE(fs::exists(root / name));
        const Outcome outcome = read_everything(root / name);
        std::string expected = line.value("tifffile_sha_series0", "");
        if (const auto found = more.find(name); expected.empty() && found != more.end()) {
            expected = found->second;
        }
        const std::string page = line.value("libtiff_sha_page0", "");
        const bool good = line.value("tiffcp_rc", 1) == 0;
        if (const auto found = exceptions.find(name); found != exceptions.end()) {
            EXPECT_TRUE(outcome.error.empty() || outcome.error.find('\n') == std::string::npos);
            EXPECT_TRUE(outcome.hash != expected || outcome.first_page != page)
                << "no longer an exception";
            EXPECT_EQ(found->second.same_page, outcome.first_page == page && !page.empty());
            ++excepted;
            continue;
        }
        if (!outcome.error.empty()) {
            EXPECT_EQ(outcome.error.find('\n'), std::string::npos) << outcome.error;
            EXPECT_FALSE(good) << outcome.error;
            ++refused;
            continue;
        }
        if (!expected.empty()) {
            EXPECT_EQ(outcome.hash, expected);
        } else {
            EXPECT_TRUE(good && outcome.first_page == page) << "read, but nobody else reads it";
        }
        if (good && !page.empty()) {
            EXPECT_EQ(outcome.first_page, page);
        }
        ++same;
    }
    // What a lying file claims is never taken at its word.
    EXPECT_LT(peak_memory(), std::uint64_t{1} << 30U);
    std::printf(
        "%d files have the expected pixels, %d are refused in one line, "
        "%d deliberately differ\n",
        same, refused, excepted);
}

}  // namespace
}  // namespace cytofleet
