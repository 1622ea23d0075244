#include "weights/pickle_machine.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "weights/pickle_text.hpp"
#include "weights/refused.hpp"

namespace cytofleet::pickle {
namespace {

using test::accepts;
using test::bytes_of;
using test::dict_code;
using test::global_code;
using test::int_code;
using test::list_code;
using test::pickle_of;
using test::raw;
using test::refusal_of;
using test::tensor_code;
using test::text_code;
using test::tuple_code;

Value run(const std::string& bytes, Objects& objects) {
    ByteReader in(bytes_of(bytes), "pickle");
    return Machine(in, objects).run();
}

std::string why_not(const std::string& code) {
    Objects objects;
    return refusal_of([&] { run(pickle_of(code), objects); });
}

std::int64_t number(const std::string& code) {
    Objects objects;
    return std::get<std::int64_t>(run(pickle_of(code), objects));
}

TEST(PickleMachine, MakesNumbersAndTexts) {
    using namespace std::string_literals;
    EXPECT_EQ(number("K\xff"s), 255);
    EXPECT_EQ(number("M\x01\x02"s), 513);
    EXPECT_EQ(number("J\xfe\xff\xff\xff"s), -2);
    EXPECT_EQ(number("\x8a\x00"s), 0);
    EXPECT_EQ(number("\x8a\x01\xff"s), -1);
    EXPECT_EQ(number("\x8a\x02\x00\x80"s), -32768);
    EXPECT_EQ(number("\x8a\x05\x00\x00\x00\x00\x01"s), 1LL << 32);
    EXPECT_EQ(number(int_code(INT64_MIN)), INT64_MIN);
    Objects objects;
    EXPECT_EQ(std::get<double>(run(pickle_of("G\x3f\xf8\0\0\0\0\0\0"s), objects)), 1.5);
    EXPECT_TRUE(std::get<bool>(run(pickle_of("\x88"), objects)));
    EXPECT_FALSE(std::get<bool>(run(pickle_of("\x89"), objects)));
    EXPECT_TRUE(std::holds_alternative<None>(run(pickle_of("N"), objects)));
    const std::string text = pickle_of(text_code("weight"));
    EXPECT_EQ(std::get<std::string_view>(run(text, objects)), "weight");
}

TEST(PickleMachine, MakesTuplesOfAnyLength) {
    const std::string one = "K\x01";
    const std::string two = "K\x02";
    const std::string three = "K\x03";
    for (const std::string& code : {tuple_code({one, two, three}), one + two + three + "\x87"}) {
        Objects objects;
        const auto tuple = std::get<Tuple>(run(pickle_of(code), objects));
        const auto items = objects.items(tuple);
        ASSERT_EQ(items.size(), 3U);
        EXPECT_EQ(std::get<std::int64_t>(items[0]), 1);
        EXPECT_EQ(std::get<std::int64_t>(items[2]), 3);
    }
    Objects objects;
    const auto tuple = std::get<Tuple>(run(pickle_of(one + two + "\x86"), objects));
    const auto items = objects.items(tuple);
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(std::get<std::int64_t>(items[0]), 1);
    EXPECT_EQ(std::get<std::int64_t>(items[1]), 2);
}

TEST(PickleMachine, MakesATensorsDescription) {
    Objects objects;
    const std::string code = pickle_of(tensor_code({"HalfStorage", "key", 12, 3, {2, 4}, {4, 1}}));
    const auto tensor = std::get<TensorRef>(run(code, objects));
    const StoredTensor& stored = objects.tensors.at(tensor.index);
    const Storage& storage = objects.storages.at(stored.storage.index);
    EXPECT_EQ(storage.type, ElementType::float16);
    EXPECT_EQ(storage.key, "key");
    EXPECT_EQ(storage.count, 12);
    EXPECT_EQ(stored.offset, 3);
    EXPECT_EQ(std::get<std::int64_t>(objects.items(stored.sizes)[1]), 4);
    EXPECT_EQ(std::get<std::int64_t>(objects.items(stored.strides)[0]), 4);
}

TEST(PickleMachine, TakesAParameterForItsTensor) {
    Objects objects;
    const std::string code = pickle_of(global_code("torch._utils", "_rebuild_parameter") +
                                       tuple_code({tensor_code({}), "\x88", "}"}) + "R");
    EXPECT_TRUE(std::holds_alternative<TensorRef>(run(code, objects)));
}

TEST(PickleMachine, RemembersAndIgnoresAttributes) {
    // An OrderedDict with _metadata, as torch writes a state dict.
    const std::string dict = global_code("collections", "OrderedDict") + ")Rq\x05";
    const std::string code =
        dict + text_code("n") + "K\x07s" + dict_code({{text_code("_metadata"), "h\x05"}}) + "b";
    Objects objects;
    const std::string bytes = pickle_of(code);
    const auto root = std::get<Dict>(run(bytes, objects));
    ASSERT_EQ(objects.dicts[root.index].size(), 1U);
    EXPECT_EQ(std::get<std::string_view>(objects.dicts[root.index][0].first), "n");
}

TEST(PickleMachine, RefusesEveryOtherInstructionByName) {
    const std::string known = "().KMJNGX]ae}suqrhjcRbQt\x88\x89\x8a\x85\x86\x87";
    int refused = 0;
    for (int code = 0; code < 256; ++code) {
        if (known.find(static_cast<char>(code)) != std::string::npos) continue;
        SCOPED_TRACE(code);
        const std::string name = opcode_name(static_cast<std::uint8_t>(code));
        const std::string message = why_not(std::string(1, static_cast<char>(code)));
        EXPECT_NE(message.find("the instruction " + name), std::string::npos) << message;
        EXPECT_NE(message.find("nothing was run"), std::string::npos) << message;
        ++refused;
    }
    EXPECT_EQ(refused, 226);
    EXPECT_EQ(opcode_name(0x93), "STACK_GLOBAL");
    EXPECT_EQ(opcode_name('i'), "INST");
    EXPECT_EQ(opcode_name('o'), "OBJ");
    EXPECT_EQ(opcode_name(0x81), "NEWOBJ");
    EXPECT_EQ(opcode_name(0xff), "0xff (none of Python's)");
}

TEST(PickleMachine, RefusesEveryOtherGlobalByName) {
    const std::vector<std::pair<std::string, std::string>> globals{
        {"posix", "system"},
        {"os", "system"},
        {"builtins", "eval"},
        {"__builtin__", "exec"},
        {"collections", "Counter"},
        {"collections.OrderedDict", ""},
        {"torch", "load"},
        {"torch", "UntypedStorage"},
        {"torch.storage", "FloatStorage"},
        {"torch._utils", "_rebuild_tensor"},
        {"torch._utils", "_rebuild_tensor_v3"},
        {"numpy", "ndarray"},
        {"", ""},
        {"torch ", "FloatStorage"}};
    for (const auto& [module, name] : globals) {
        const std::string full = "'" + module + "." + name + "'";
        const std::string message = why_not(global_code(module, name));
        EXPECT_NE(message.find(full), std::string::npos) << message;
        EXPECT_NE(message.find("nothing was run"), std::string::npos) << message;
    }
    const std::string message = why_not(global_code("a", "b\x1b[0m"));
    EXPECT_NE(message.find("'a.b\\x1b[0m'"), std::string::npos) << message;
}

TEST(PickleMachine, RefusesMisusedStacksMarksAndMemos) {
    for (const std::string code : {"",
                                   "t",
                                   "(",
                                   "u",
                                   "e",
                                   "a",
                                   "s",
                                   "R",
                                   "b",
                                   "Q",
                                   "q\x01",
                                   "h\x01",
                                   "\x85",
                                   "\x86",
                                   "\x87",
                                   "K\x01(\x85",
                                   "K\x01(R",
                                   "}K\x01s",
                                   "}(K\x01u",
                                   "NK\x01"
                                   "a",
                                   "K\x01K\x01K\x01s",
                                   "]K\x01K\x02s",
                                   "NNb",
                                   "}Nb",
                                   "NN\x86R",
                                   "NQ",
                                   ")Q"}) {
        SCOPED_TRACE(code);
        why_not(code);
    }
}

TEST(PickleMachine, RefusesWrongCalls) {
    const std::string dict = global_code("collections", "OrderedDict");
    const std::string rebuild = global_code("torch._utils", "_rebuild_tensor_v2");
    const std::string parameter = global_code("torch._utils", "_rebuild_parameter");
    const std::string storage = global_code("torch", "FloatStorage");
    for (const std::string& code :
         {dict + "N\x85R", dict + "NR", rebuild + ")R", rebuild + "(NNNNNNtR", parameter + ")R",
          parameter + "N\x85R", storage + ")R", text_code("posix.system") + ")R"}) {
        SCOPED_TRACE(code);
        why_not(code);
    }
}

TEST(PickleMachine, RefusesWrongStorages) {
    const std::string type = global_code("torch", "FloatStorage");
    const std::string good = text_code("storage");
    const auto id = [](const std::vector<std::string>& parts) { return tuple_code(parts) + "Q"; };
    const std::string key = text_code("0");
    why_not(id({text_code("other"), type, key, key, int_code(1)}));
    why_not(id({good, key, key, key, int_code(1)}));
    why_not(id({good, type, int_code(0), key, int_code(1)}));
    why_not(id({good, type, key, key, int_code(-1)}));
    why_not(id({good, type, key, key, key}));
    why_not(id({good, type, key, key}));
    why_not(id({good, type, key, key, int_code(1), key}));
    why_not(id({good, type, key, key, int_code(1), "N", "N"}));
    const auto message = why_not(id({text_code("module"), type, key, key, int_code(1)}));
    EXPECT_NE(message.find("whole network"), std::string::npos) << message;
}

TEST(PickleMachine, RefusesOtherProtocols) {
    Objects objects;
    const auto refused = [&](const std::string& bytes) {
        return refusal_of([&] { run(bytes, objects); });
    };
    EXPECT_NE(refused("\x80\x04N.").find("protocol 4"), std::string::npos);
    refused("N.");
    refused("");
    refused("\x80");
}

TEST(PickleMachine, BoundsItsMarksStackAndNumbers) {
    why_not(std::string(4000, '('));
    why_not(std::string(100'000, 'N'));
    why_not("\x8a\x09" + std::string(9, '\1'));
    why_not("\x8a\xff" + std::string(255, '\1'));
    why_not("X\xff\xff\xff\xff" + std::string("short"));
}

TEST(PickleMachine, NestsWithoutRecursion) {
    // A tuple in a tuple in a tuple ..., and a dict that holds itself.
    Objects objects;
    const auto depth = std::size_t{1} << 20;
    run(pickle_of("N" + std::string(depth, '\x85')), objects);
    EXPECT_EQ(objects.tuple_items.size(), depth);
    const std::string itself = pickle_of("}q\x01" + text_code("self") + "h\x01s");
    EXPECT_TRUE(std::holds_alternative<Dict>(run(itself, objects)));
}

TEST(PickleMachine, BoundsItsObjects) {
    Objects objects;
    const std::string code = "N" + std::string((std::size_t{1} << 22) + 1, '\x85');
    const auto message = refusal_of([&] { run(pickle_of(code), objects); });
    EXPECT_NE(message.find("objects"), std::string::npos) << message;
}

TEST(PickleMachine, StopsAtStop) {
    const std::string bytes = pickle_of("K\x05") + "rest";
    ByteReader in(bytes_of(bytes), "pickle");
    Objects objects;
    Machine(in, objects).run();
    EXPECT_EQ(in.take_text(in.left()), "rest");
}

TEST(PickleMachine, RefusesEveryTruncation) {
    const std::string whole = pickle_of(
        dict_code({{text_code("w"), tensor_code({"FloatStorage", "0", 6, 0, {2, 3}, {3, 1}})},
                   {text_code("l"), list_code({"N", "\x88"})}}));
    Objects objects;
    run(whole, objects);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        SCOPED_TRACE(size);
        const std::string cut = whole.substr(0, size);
        refusal_of([&] { run(cut, objects); });
    }
}

}  // namespace
}  // namespace cytofleet::pickle
