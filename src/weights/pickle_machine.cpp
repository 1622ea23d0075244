#include "weights/pickle_machine.hpp"

#include <array>

#include <fmt/format.h>

#include "weights/refusal.hpp"

namespace cytofleet::pickle {
namespace {

// Python writes dicts in runs of 1000 pairs and cannot itself nest deeper than 1000.
constexpr std::size_t deepest_stack = 1 << 16;
constexpr std::size_t most_marks = 1000;
constexpr std::size_t most_objects = 1 << 22;

}  // namespace

Value Machine::run() {
    if (static_cast<Opcode>(in_.read<std::uint8_t>()) != Opcode::proto)
        throw damaged("the pickle does not start with its protocol");
    if (const int protocol = in_.read<std::uint8_t>(); protocol != 2)
        throw not_a_state_dict(
            fmt::format("the pickle is of protocol {}, torch.save writes 2", protocol));
    while (true) {
        const auto code = in_.read<std::uint8_t>();
        if (static_cast<Opcode>(code) == Opcode::stop) return pop();
        step(static_cast<Opcode>(code));
        if (objects_.size() > most_objects)
            throw damaged(fmt::format("the pickle makes more than {} objects", most_objects));
    }
}

void Machine::step(Opcode opcode) {
    switch (opcode) {
        case Opcode::mark:
            return push_mark();
        case Opcode::none:
            return push(None{});
        case Opcode::new_true:
            return push(true);
        case Opcode::new_false:
            return push(false);
        case Opcode::binint:
            return push(std::int64_t{in_.read<std::int32_t>()});
        case Opcode::binint1:
            return push(std::int64_t{in_.read<std::uint8_t>()});
        case Opcode::binint2:
            return push(std::int64_t{in_.read<std::uint16_t>()});
        case Opcode::long1:
            return push_long();
        case Opcode::binfloat:
            return push(ByteReader(in_.take(8), "pickle", ByteOrder::big).read<double>());
        case Opcode::binunicode:
            return push(take_view(in_.read<std::uint32_t>()));
        case Opcode::empty_tuple:
            return push(Tuple{});
        case Opcode::tuple:
            return push_tuple(pop_to_mark());
        case Opcode::tuple1:
            return push_tuple(std::array{pop()});
        case Opcode::tuple2: {
            const Value second = pop();
            return push_tuple(std::array{pop(), second});
        }
        case Opcode::tuple3: {
            const Value third = pop();
            const Value second = pop();
            return push_tuple(std::array{pop(), second, third});
        }
        case Opcode::empty_list:
            objects_.lists.emplace_back();
            return push(List{static_cast<std::uint32_t>(objects_.lists.size() - 1)});
        case Opcode::append:
            return append(std::array{pop()});
        case Opcode::appends:
            return append(pop_to_mark());
        case Opcode::empty_dict:
            objects_.dicts.emplace_back();
            return push(Dict{static_cast<std::uint32_t>(objects_.dicts.size() - 1)});
        case Opcode::setitem: {
            const Value value = pop();
            return set_items(std::array{pop(), value});
        }
        case Opcode::setitems:
            return set_items(pop_to_mark());
        case Opcode::binput:
            memo_.insert_or_assign(in_.read<std::uint8_t>(), top());
            return;
        case Opcode::long_binput:
            memo_.insert_or_assign(in_.read<std::uint32_t>(), top());
            return;
        case Opcode::binget:
            return push_from_memo(in_.read<std::uint8_t>());
        case Opcode::long_binget:
            return push_from_memo(in_.read<std::uint32_t>());
        case Opcode::global:
            return push_global();
        case Opcode::reduce:
            return reduce();
        case Opcode::build:
            return build();
        case Opcode::binpersid:
            return push_storage();
        default:
            break;
    }
    throw not_a_state_dict(fmt::format(
        "its pickle uses the instruction {}, which no state dict needs: refused, nothing was run",
        opcode_name(static_cast<std::uint8_t>(opcode))));
}

void Machine::push(Value value) {
    if (stack_.size() >= deepest_stack)
        throw damaged(fmt::format("the pickle's stack grows beyond {} values", deepest_stack));
    stack_.push_back(value);
}

Value& Machine::top() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) throw damaged("the pickle takes from an empty stack");
    return stack_.back();
}

Value Machine::pop() {
    const Value value = top();
    stack_.pop_back();
    return value;
}

void Machine::push_mark() {
    if (marks_.size() >= most_marks)
        throw damaged(fmt::format("the pickle nests deeper than {} marks", most_marks));
    marks_.push_back(stack_.size());
}

std::vector<Value> Machine::pop_to_mark() {
    if (marks_.empty()) throw damaged("the pickle goes back to a mark it never set");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
}

void Machine::push_tuple(std::span<const Value> items) {
    const Tuple tuple{static_cast<std::uint32_t>(objects_.tuple_items.size()),
                      static_cast<std::uint32_t>(items.size())};
    objects_.tuple_items.insert(objects_.tuple_items.end(), items.begin(), items.end());
    push(tuple);
}

std::span<const Value> Machine::expect_tuple(const Value& value, std::string_view what) const {
    const auto* tuple = std::get_if<Tuple>(&value);
    if (tuple == nullptr) throw damaged(fmt::format("{} are {}", what, kind_of(value)));
    return objects_.items(*tuple);
}

std::string_view Machine::take_view(std::uint64_t count) {
    const auto raw = in_.take(count);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

std::string_view Machine::take_line() {
    const std::uint64_t begin = in_.position();
    std::uint64_t length = 0;
    while (in_.read<char>() != '\n') ++length;
    in_.seek(begin);
    const std::string_view line = take_view(length);
    in_.skip(1);
    return line;
}

void Machine::push_global() {
    const std::string_view module = take_line();
    const std::string_view name = take_line();
    if (module == "collections" && name == "OrderedDict") return push(Callable::ordered_dict);
    if (module == "torch._utils" && name == "_rebuild_tensor_v2")
        return push(Callable::rebuild_tensor);
    if (module == "torch._utils" && name == "_rebuild_parameter")
        return push(Callable::rebuild_parameter);
    if (const auto type = type_of_storage(name); type && module == "torch") return push(*type);
    throw not_a_state_dict(
        fmt::format("its pickle asks for {}, which no state dict needs: refused, nothing was run",
                    in_quotes(fmt::format("{}.{}", module, name))));
}

/// Whole numbers of any length, little-endian; those that do not fit in 64 bits are nobody's size.
void Machine::push_long() {
    const std::size_t length = in_.read<std::uint8_t>();
    const auto raw = in_.take(length);
    if (length > sizeof(std::int64_t))
        throw damaged(fmt::format("the pickle holds a whole number of {} bytes", length));
    std::uint64_t bits = length > 0 && (raw.back() & std::byte{0x80}) != std::byte{0} ? ~0ULL : 0;
    for (std::size_t i = length; i-- > 0;)
        bits = bits << 8 | std::to_integer<std::uint64_t>(raw[i]);
    push(static_cast<std::int64_t>(bits));
}

void Machine::push_from_memo(std::uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end())
        throw damaged(fmt::format("the pickle reads memo {}, which it never wrote", slot));
    push(found->second);
}

void Machine::append(std::span<const Value> items) {
    const auto* list = std::get_if<List>(&top());
    if (list == nullptr) throw damaged(fmt::format("the pickle appends to {}", kind_of(top())));
    auto& target = objects_.lists[list->index];
    target.insert(target.end(), items.begin(), items.end());
}

void Machine::set_items(std::span<const Value> items) {
    const auto* dict = std::get_if<Dict>(&top());
    if (dict == nullptr) throw damaged(fmt::format("the pickle sets items of {}", kind_of(top())));
    if (items.size() % 2 != 0) throw damaged("the pickle sets an item without a value");
    auto& target = objects_.dicts[dict->index];
    for (std::size_t i = 0; i < items.size(); i += 2) target.emplace_back(items[i], items[i + 1]);
}

void Machine::reduce() {
    const Value arguments = pop();
    const Value callee = pop();
    const auto* callable = std::get_if<Callable>(&callee);
    if (callable == nullptr) throw damaged(fmt::format("the pickle calls {}", kind_of(callee)));
    const auto items = expect_tuple(arguments, "the arguments of a call");
    switch (*callable) {
        case Callable::ordered_dict:
            if (!items.empty()) throw damaged("the pickle makes an OrderedDict from something");
            return step(Opcode::empty_dict);
        case Callable::rebuild_tensor:
            return rebuild_tensor(items);
        case Callable::rebuild_parameter:
            if (items.empty() || !std::holds_alternative<TensorRef>(items[0]))
                throw damaged("the pickle makes a parameter without a tensor");
            return push(items[0]);
    }
}

/// torch leaves `_metadata`, its modules' version numbers, as attributes of the dict: not needed.
void Machine::build() {
    const Value state = pop();
    if (!std::holds_alternative<Dict>(top()) || !std::holds_alternative<Dict>(state))
        throw damaged(fmt::format("the pickle sets attributes of {}", kind_of(top())));
}

void Machine::rebuild_tensor(std::span<const Value> arguments) {
    // storage, offset, sizes, strides, requires_grad, backward_hooks[, metadata]
    if (arguments.size() != 6 && arguments.size() != 7)
        throw damaged(fmt::format("a tensor is made from {} arguments", arguments.size()));
    const auto* storage = std::get_if<StorageRef>(arguments.data());
    const auto* offset = std::get_if<std::int64_t>(&arguments[1]);
    const auto* sizes = std::get_if<Tuple>(&arguments[2]);
    const auto* strides = std::get_if<Tuple>(&arguments[3]);
    if (storage == nullptr || offset == nullptr || sizes == nullptr || strides == nullptr)
        throw damaged("a tensor is made from arguments of the wrong kinds");
    objects_.tensors.push_back({*storage, *offset, *sizes, *strides});
    push(TensorRef{static_cast<std::uint32_t>(objects_.tensors.size() - 1)});
}

void Machine::push_storage() {
    const Value id = pop();
    const auto items = expect_tuple(id, "the parts of a persistent id");
    const auto* what = items.empty() ? nullptr : std::get_if<std::string_view>(items.data());
    if (what != nullptr && *what == "module")
        throw not_a_state_dict("holds a whole network with its Python code, not a state dict");
    // "storage", class, key, location, count; in the legacy format then the storage it is a part of
    if (what == nullptr || *what != "storage" || items.size() < 5 || items.size() > 6)
        throw damaged("a persistent id of the pickle is not that of a storage");
    const auto* type = std::get_if<ElementType>(&items[1]);
    const auto* key = std::get_if<std::string_view>(&items[2]);
    const auto* count = std::get_if<std::int64_t>(&items[4]);
    if (type == nullptr || key == nullptr || count == nullptr || *count < 0)
        throw damaged("a storage of the pickle has a wrong type, key or count");
    if (items.size() == 6 && !std::holds_alternative<None>(items[5]))
        throw not_a_state_dict("holds a storage that is part of another, as torch 0.1 wrote it");
    objects_.storages.push_back({*type, *key, *count});
    push(StorageRef{static_cast<std::uint32_t>(objects_.storages.size() - 1)});
}

}  // namespace cytofleet::pickle
