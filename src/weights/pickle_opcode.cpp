#include "weights/pickle_opcode.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace cytofleet::pickle {
namespace {

struct Named {
    std::uint8_t code;
    std::string_view name;
};

// Python 3.8's Lib/pickletools.py, protocols 0 to 5.
constexpr std::array names{
    Named{'I', "INT"},
    Named{'J', "BININT"},
    Named{'K', "BININT1"},
    Named{'M', "BININT2"},
    Named{'L', "LONG"},
    Named{0x8a, "LONG1"},
    Named{0x8b, "LONG4"},
    Named{'S', "STRING"},
    Named{'T', "BINSTRING"},
    Named{'U', "SHORT_BINSTRING"},
    Named{'B', "BINBYTES"},
    Named{'C', "SHORT_BINBYTES"},
    Named{0x8e, "BINBYTES8"},
    Named{0x96, "BYTEARRAY8"},
    Named{0x97, "NEXT_BUFFER"},
    Named{0x98, "READONLY_BUFFER"},
    Named{'N', "NONE"},
    Named{0x88, "NEWTRUE"},
    Named{0x89, "NEWFALSE"},
    Named{'V', "UNICODE"},
    Named{0x8c, "SHORT_BINUNICODE"},
    Named{'X', "BINUNICODE"},
    Named{0x8d, "BINUNICODE8"},
    Named{'F', "FLOAT"},
    Named{'G', "BINFLOAT"},
    Named{']', "EMPTY_LIST"},
    Named{'a', "APPEND"},
    Named{'e', "APPENDS"},
    Named{'l', "LIST"},
    Named{')', "EMPTY_TUPLE"},
    Named{'t', "TUPLE"},
    Named{0x85, "TUPLE1"},
    Named{0x86, "TUPLE2"},
    Named{0x87, "TUPLE3"},
    Named{'}', "EMPTY_DICT"},
    Named{'d', "DICT"},
    Named{'s', "SETITEM"},
    Named{'u', "SETITEMS"},
    Named{0x8f, "EMPTY_SET"},
    Named{0x90, "ADDITEMS"},
    Named{0x91, "FROZENSET"},
    Named{'0', "POP"},
    Named{'2', "DUP"},
    Named{'(', "MARK"},
    Named{'1', "POP_MARK"},
    Named{'g', "GET"},
    Named{'h', "BINGET"},
    Named{'j', "LONG_BINGET"},
    Named{'p', "PUT"},
    Named{'q', "BINPUT"},
    Named{'r', "LONG_BINPUT"},
    Named{0x94, "MEMOIZE"},
    Named{0x82, "EXT1"},
    Named{0x83, "EXT2"},
    Named{0x84, "EXT4"},
    Named{'c', "GLOBAL"},
    Named{0x93, "STACK_GLOBAL"},
    Named{'R', "REDUCE"},
    Named{'b', "BUILD"},
    Named{'i', "INST"},
    Named{'o', "OBJ"},
    Named{0x81, "NEWOBJ"},
    Named{0x92, "NEWOBJ_EX"},
    Named{0x80, "PROTO"},
    Named{'.', "STOP"},
    Named{0x95, "FRAME"},
    Named{'P', "PERSID"},
    Named{'Q', "BINPERSID"},
};

}  // namespace

std::string opcode_name(std::uint8_t code) {
    const auto* const found = std::ranges::find(names, code, &Named::code);
    if (found == names.end()) return fmt::format("{:#04x} (none of Python's)", code);
    return std::string(found->name);
}

}  // namespace cytofleet::pickle
