#include "app/doctor/exchange.hpp"

#include <cstring>

#include "base/error.hpp"

namespace cytofleet {
namespace {

constexpr int tag = 200;

}  // namespace

Message wait_for(Communicator& comm, int from) {
    for (;;)
        if (auto message = comm.poll()) {
            ensure(message->from == from, "ranks speak in turn");
            return std::move(*message);
        }
}

std::vector<std::vector<std::byte>> gather_bytes(Communicator& comm,
                                                 std::span<const std::byte> mine) {
    std::vector<std::vector<std::byte>> out;
    comm.send(0, tag, mine);
    if (comm.rank() == 0) {
        out.resize(static_cast<std::size_t>(comm.size()));
        for (int missing = comm.size(); missing > 0;) {
            auto message = comm.poll();
            if (!message) continue;
            out.at(static_cast<std::size_t>(message->from)) = std::move(message->body);
            --missing;
        }
    }
    // Nobody says the next thing before all have said this one.
    comm.barrier();
    return out;
}

std::vector<double> gather_numbers(Communicator& comm, double mine) {
    std::vector<double> out;
    for (const auto& bytes : gather_bytes(comm, std::as_bytes(std::span(&mine, 1)))) {
        double number = 0;
        std::memcpy(&number, bytes.data(), sizeof(number));
        out.push_back(number);
    }
    return out;
}

std::vector<std::byte> text_bytes(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::string text_of_bytes(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace cytofleet
