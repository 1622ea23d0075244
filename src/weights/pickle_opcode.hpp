// The instructions of Python's pickle: those that state dicts use, and the names of all others.
#pragma once

#include <cstdint>
#include <string>

namespace cytofleet::pickle {

/// What torch.save writes for a state dict at pickle protocol 2. The machine knows no other.
enum class Opcode : std::uint8_t {
    proto = 0x80,
    stop = '.',
    mark = '(',
    none = 'N',
    new_true = 0x88,
    new_false = 0x89,
    binint = 'J',
    binint1 = 'K',
    binint2 = 'M',
    long1 = 0x8a,
    binfloat = 'G',
    binunicode = 'X',
    empty_tuple = ')',
    tuple = 't',
    tuple1 = 0x85,
    tuple2 = 0x86,
    tuple3 = 0x87,
    empty_list = ']',
    append = 'a',
    appends = 'e',
    empty_dict = '}',
    setitem = 's',
    setitems = 'u',
    binput = 'q',
    long_binput = 'r',
    binget = 'h',
    long_binget = 'j',
    global = 'c',
    reduce = 'R',
    build = 'b',
    binpersid = 'Q',
};

/// As Python's pickletools calls it ("STACK_GLOBAL"), or "0xff (none of Python's)".
std::string opcode_name(std::uint8_t code);

}  // namespace cytofleet::pickle
