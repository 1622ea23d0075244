// Reads the pickle of a state dict: a stack machine that can make values and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/byte_reader.hpp"
#include "weights/pickle_opcode.hpp"
#include "weights/pickle_value.hpp"

namespace cytofleet::pickle {

/// Knows the instructions of pickle_opcode.hpp and the names collections.OrderedDict,
/// torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter and torch's storage classes;
/// refuses any other by name. No loop over a container nests, nothing recurses, and what it keeps
/// is bounded by the bytes read and by fixed limits.
class Machine {
  public:
    /// Reads from where `in` stands; what is made goes to `objects`, both the caller's.
    Machine(ByteReader& in, Objects& objects) : in_(in), objects_(objects) {}
    /// One pickle up to its STOP, behind which `in` then stands. Once per machine.
    /// Throws Error{model} or Error{input}.
    Value run();

  private:
    void step(Opcode opcode);
    void push(Value value);
    Value pop();
    Value& top();
    void push_mark();
    std::vector<Value> pop_to_mark();
    void push_tuple(std::span<const Value> items);
    std::span<const Value> expect_tuple(const Value& value, std::string_view what) const;
    void push_global();
    void push_long();
    void push_from_memo(std::uint32_t slot);
    void append(std::span<const Value> items);
    void set_items(std::span<const Value> items);
    void reduce();
    void build();
    void rebuild_tensor(std::span<const Value> arguments);
    void push_storage();
    std::string_view take_view(std::uint64_t count);
    std::string_view take_line();

    ByteReader& in_;
    Objects& objects_;
    std::vector<Value> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint32_t, Value> memo_;
};

}  // namespace cytofleet::pickle
