#include "weights/checkpoint.hpp"

#include <filesystem>
#include <limits>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "support/files.hpp"
#include "weights/pickle_text.hpp"
#include "weights/refused.hpp"
#include "weights/state_dict.hpp"
#include "weights/zip_text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;
using test::bytes_of;
using test::dict_code;
using test::FloatTensor;
using test::legacy_file;
using test::pickle_of;
using test::refusal_of;
using test::tensor_code;
using test::text_code;
using test::zip_file;

const test::StorageBytes one_float{"0", std::string(4, '\0'), 1};

std::string why_not(const std::string& bytes) {
    return refusal_of([&] { read_state_dict(bytes_of(bytes)); });
}

void expect_in(const std::string& part, const std::string& message) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Checkpoint, LoadsAHandMadeLegacyFile) {
    const test::TempDir folder;
    const fs::path path = folder / "model with spaces";
    const std::string bytes =
        legacy_file({{"module.a.weight", {2, 2}, {1, 2, 3, 4}}, {"diam_mean", {1}, {30}}});
    test::write_file(path, bytes);
    const Checkpoint checkpoint = Checkpoint::load(path);
    EXPECT_EQ(checkpoint.path(), path);
    EXPECT_EQ(checkpoint.format(), "torch legacy");
    EXPECT_EQ(checkpoint.sha256().size(), 64U);
    ASSERT_EQ(checkpoint.tensors().size(), 2U);
    EXPECT_EQ(checkpoint.tensors().at("a.weight").shape(), (Shape{2, 2}));
    EXPECT_EQ(checkpoint.tensors().at("a.weight").values()[3], 4.0F);
    EXPECT_EQ(checkpoint.stored_types().at("diam_mean"), "float32");
}

TEST(Checkpoint, NamesTheFileAndWhatToDo) {
    const test::TempDir folder;
    const auto refused = [&](const fs::path& path) {
        const std::string message = refusal_of([&] { Checkpoint::load(path); });
        EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
        return message;
    };
    const auto refused_bytes = [&](const std::string& bytes) {
        test::write_file(folder / "model", bytes);
        return refused(folder / "model");
    };
    expect_in("check the model's name or path", refused(folder / "missing"));
    expect_in("is a folder", refused(folder.path()));
    expect_in("is empty", refused_bytes(""));
    expect_in("looks like text", refused_bytes("<html>Not found</html>\n"));
    expect_in("'<html>", refused_bytes("<html>Not found</html>\n"));
    expect_in("numpy", refused_bytes("\x93NUMPY\x01" + std::string(20, '\0')));
    expect_in("gzip", refused_bytes("\x1f\x8b\x08" + std::string(20, '\0')));
    expect_in("no checkpoint of torch", refused_bytes("II*" + std::string(20, '\0')));
    expect_in("bare pickle", refused_bytes(pickle_of("}")));
    expect_in("download or copy it again", refused_bytes("PK\x03\x04" + std::string(99, '\0')));
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    expect_in("no regular file", refused(folder / "pipe"));
    // 1 TB of nothing, without taking any room.
    fs::resize_file(folder / "model", 1'000'000'000'000);
    expect_in("more than any network", refused(folder / "model"));
}

TEST(Checkpoint, RefusesWhatIsNoStateDict) {
    const auto object = [](const std::string& code) { return legacy_file(code, {one_float}); };
    expect_in("holds a list", why_not(legacy_file(test::list_code({}), {})));
    expect_in("holds no tensors", why_not(legacy_file(dict_code({}), {})));
    expect_in("a whole number as a key",
              why_not(object(dict_code({{test::int_code(1), tensor_code({})}}))));
    expect_in("holds a dict as 'state_dict'",
              why_not(object(dict_code(
                  {{text_code("epoch"), tensor_code({})}, {text_code("state_dict"), "}"}}))));
    expect_in("Cellpose 4",
              why_not(legacy_file(std::vector<FloatTensor>{{"a", {1}, {1}}, {"W2", {1}, {1}}})));
}

TEST(Checkpoint, RefusesATensorTwice) {
    expect_in("'a' twice", why_not(legacy_file({{"a", {1}, {1}}, {"a", {1}, {2}}})));
    expect_in("'module.a' twice", why_not(legacy_file({{"a", {1}, {1}}, {"module.a", {1}, {2}}})));
}

TEST(Checkpoint, RefusesNumbersThatAreNone) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (const float value : {nan, -nan, infinity, -infinity}) {
        const auto message = why_not(legacy_file({{"good", {1}, {1}}, {"bad", {2}, {0, value}}}));
        expect_in("tensor 'bad' holds NaN or infinite", message);
    }
}

TEST(Checkpoint, BoundsWhatRepeatedViewsUnfoldTo) {
    const auto view = [](std::int64_t count) {
        const std::string code =
            dict_code({{text_code("w"), tensor_code({"FloatStorage", "0", 1, 0, {count}, {0}})}});
        return legacy_file(code, {one_float});
    };
    EXPECT_EQ(read_state_dict(bytes_of(view(100))).tensors.at("w").values().size(), 100U);
    expect_in("too many for a file of this size", why_not(view(1'000'000)));
    expect_in("too many for a file of this size", why_not(view(1LL << 50)));
}

TEST(Checkpoint, RefusesWrongLegacyStorages) {
    const std::string object =
        dict_code({{text_code("w"), tensor_code({"FloatStorage", "k", 2, 0, {2}, {1}})}});
    const std::string two(8, '\0');
    EXPECT_EQ(read_state_dict(bytes_of(legacy_file(object, {{"k", two, 2}}))).tensors.size(), 1U);
    expect_in("not there", why_not(legacy_file(object, {})));
    expect_in("no tensor names", why_not(legacy_file(object, {{"other", two, 2}})));
    expect_in("of 3 elements", why_not(legacy_file(object, {{"k", two, 3}})));
    expect_in("of -1 elements", why_not(legacy_file(object, {{"k", two, -1}})));
    expect_in("ends inside", why_not(legacy_file(object, {{"k", two.substr(1), 2}})));
    expect_in("twice", why_not(legacy_file(object, {{"k", two, 2}, {"k", two, 2}})));
    const std::string conflict =
        dict_code({{text_code("a"), tensor_code({"FloatStorage", "k", 2, 0, {2}, {1}})},
                   {text_code("b"), tensor_code({"HalfStorage", "k", 2, 0, {2}, {1}})}});
    expect_in("two ways", why_not(legacy_file(conflict, {{"k", two, 2}})));
}

TEST(Checkpoint, RefusesWrongZipStorages) {
    const std::string pickle = pickle_of(
        dict_code({{text_code("w"), tensor_code({"FloatStorage", "0", 2, 0, {2}, {1}})}}));
    const auto archive = [&](const std::vector<test::ZipPart>& more) {
        std::vector<test::ZipPart> parts{{"net/data.pkl", pickle}};
        parts.insert(parts.end(), more.begin(), more.end());
        return zip_file(parts);
    };
    const std::string two(8, '\0');
    const std::string good = archive({{"net/data/0", two}});
    const StateDict dict = read_state_dict(bytes_of(good));
    EXPECT_EQ(dict.format, "torch zip");
    EXPECT_EQ(dict.tensors.at("w").shape(), (Shape{2}));
    expect_in("'data/0' that is not there", why_not(archive({})));
    expect_in("that has 7 bytes", why_not(archive({{"net/data/0", two.substr(1)}})));
    expect_in("that has 12 bytes", why_not(archive({{"net/data/0", std::string(12, '\0')}})));
    expect_in("big-endian", why_not(archive({{"net/byteorder", "big"}, {"net/data/0", two}})));
    expect_in("two pickles", why_not(archive({{"other/data.pkl", pickle}, {"net/data/0", two}})));
    expect_in("TorchScript", why_not(archive({{"net/constants.pkl", ""}, {"net/data/0", two}})));
    expect_in("without data.pkl", why_not(zip_file({{"readme.txt", "hello"}})));
}

TEST(Checkpoint, ReadsOneStorageForManyTensors) {
    const std::string pickle = pickle_of(
        dict_code({{text_code("a"), tensor_code({"FloatStorage", "s", 6, 0, {2, 3}, {3, 1}})},
                   {text_code("b"), tensor_code({"FloatStorage", "s", 6, 0, {3, 2}, {1, 3}})},
                   {text_code("n"), tensor_code({"LongStorage", "l", 1, 0, {}, {}})}}));
    std::string six;
    for (const float value : {0.0F, 1.0F, 2.0F, 3.0F, 4.0F, 5.0F}) six += test::raw(value);
    const std::string file = zip_file({{"x/data.pkl", pickle},
                                       {"x/data/s", six, true},
                                       {"x/data/l", test::raw(std::int64_t{-7})}});
    const StateDict dict = read_state_dict(bytes_of(file));
    EXPECT_EQ(dict.tensors.at("a").values()[1], 1.0F);
    EXPECT_EQ(dict.tensors.at("b").values()[1], 3.0F);
    EXPECT_EQ(dict.integers.at("n"), std::vector<std::int64_t>{-7});
    EXPECT_EQ(dict.stored_types.at("n"), "int64");
}

}  // namespace
}  // namespace cytofleet
