#include "gpu/emulation/stream.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "gpu/emulation/inside.hpp"
#include "gpu/emulation/live_memory.hpp"

struct CUstream_st {
    std::deque<cytofleet::emulation::Work> queue;
    std::exception_ptr failure;
    bool captured = false;
    bool spoilt = false;
    std::vector<cytofleet::emulation::Work> record;
};

namespace cytofleet::emulation {
namespace {

std::vector<Stream>& streams() {
    static std::vector<Stream> all;
    return all;
}

void run_first(CUstream_st& stream) {
    if (stream.failure) std::rethrow_exception(std::exchange(stream.failure, nullptr));
    const Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    try {
        work.run();
    } catch (...) {
        stream.queue.clear();
        throw;
    }
}

}  // namespace

int& Inside::depth() {
    thread_local int depth = 0;
    return depth;
}

void put(Stream stream, Work work) {
    const Inside inside;
    if (stream == nullptr) return work.run();
    if (stream->captured)
        stream->record.push_back(std::move(work));
    else
        stream->queue.push_back(std::move(work));
}

void finish(Stream stream) {
    const Inside inside;
    if (stream == nullptr) return;
    while (!stream->queue.empty() || stream->failure) run_first(*stream);
}

void finish_all() noexcept {
    const Inside inside;
    for (const Stream stream : streams()) {
        try {
            finish(stream);
        } catch (...) {
            stream->failure = std::current_exception();
        }
    }
}

bool capturing(Stream stream) {
    return stream != nullptr && stream->captured;
}

void refuse_while_capturing(Stream stream, const char* what) {
    stream->spoilt = true;
    throw cuda::DeviceError(std::string(what) + " failed: the stream is being captured");
}

Stream make_stream() {
    const Inside inside;
    streams().push_back(new CUstream_st);
    return streams().back();
}

void end_stream(Stream stream) noexcept {
    finish_all();
    std::erase(streams(), stream);
    delete stream;
}

void begin_capture(Stream stream) {
    const Inside inside;
    if (stream == nullptr) throw cuda::DeviceError("the default stream cannot be captured");
    if (stream->captured) throw cuda::DeviceError("the stream is being captured already");
    stream->captured = true;
    stream->spoilt = false;
    stream->record.clear();
}

std::unique_ptr<std::vector<Work>> end_capture(Stream stream) {
    const Inside inside;
    stream->captured = false;
    auto record = std::make_unique<std::vector<Work>>(std::exchange(stream->record, {}));
    if (stream->spoilt) record.reset();
    return record;
}

std::shared_ptr<Mark> mark(Stream stream) {
    const Inside inside;
    if (capturing(stream))
        throw std::logic_error("the emulation does not know events in what is captured");
    auto out = std::make_shared<Mark>();
    out->stream = stream;
    const auto pass = [out] {
        out->past = true;
        out->seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
                .count();
    };
    put(stream, {pass, {}});
    return out;
}

void reach(const Mark& there) {
    const Inside inside;
    while (!there.past) {
        if (there.stream->queue.empty() && !there.stream->failure)
            throw std::logic_error("an event waits for work that was given up");
        run_first(*there.stream);
    }
}

void add_names(std::vector<const void*>& names, const std::byte* value, std::size_t bytes) {
    for (std::size_t at = 0; at + sizeof(void*) <= bytes; at += sizeof(void*)) {
        const void* word = nullptr;
        std::memcpy(&word, value + at, sizeof(word));
        if (is_live(word)) names.push_back(word);
    }
}

}  // namespace cytofleet::emulation
