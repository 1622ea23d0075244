#include "gpu/bench/timing.hpp"

#include <algorithm>

#include "kernels/support/streams.hpp"

namespace cytofleet::bench {

double median(std::vector<double> numbers) {
    std::ranges::sort(numbers);
    const std::size_t middle = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

double median_seconds(cuda::Stream stream, int rounds, const std::function<void()>& work) {
    for (int round = 0; round < std::min(rounds, 3); ++round) work();
    cuda::synchronize(stream);
    cuda::Event begin;
    cuda::Event end;
    std::vector<double> seconds;
    for (int round = 0; round < rounds; ++round) {
        begin.record(stream);
        work();
        end.record(stream);
        end.wait();
        seconds.push_back(end.seconds_since(begin));
    }
    return median(std::move(seconds));
}

}  // namespace cytofleet::bench
