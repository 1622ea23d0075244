#include "app/doctor/rank_facts.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <sched.h>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/text.hpp"
#include "base/version.hpp"

namespace cytofleet {
namespace {

constexpr std::uint64_t memory_of_a_rank = 500'000'000;
constexpr std::uint64_t enough_files = 256;
constexpr std::uint64_t large_file = std::uint64_t{100} << 30;

std::uint64_t limit_of(int resource) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return ~std::uint64_t{0};
    return limit.rlim_cur;
}

std::uint64_t available_memory() {
    std::ifstream in("/proc/meminfo");
    std::string name;
    std::uint64_t kilobytes = 0;
    std::string rest;
    while (in >> name >> kilobytes && std::getline(in, rest))
        if (name == "MemAvailable:") return kilobytes * 1024;
    return 0;
}

using ByHost = std::map<std::string, std::vector<const RankFacts*>>;

Finding judge_hosts(const ByHost& hosts, std::size_t ranks) {
    std::string text =
        fmt::format("{} on {}:", count_of(ranks, "rank"), count_of(hosts.size(), "host"));
    constexpr std::size_t most = 8;
    std::size_t shown = 0;
    for (const auto& [host, members] : hosts) {
        if (++shown > most) break;
        text += fmt::format(" {} x {}", host, members.size());
    }
    if (hosts.size() > most) text += fmt::format(" and {} more", hosts.size() - most);
    return {Health::ok, "ranks per host", text, {}};
}

/// Threads that ranks would start by themselves, against the cores they have between them.
Finding judge_cores(const ByHost& hosts) {
    std::string crowded;
    std::size_t fewest = ~std::size_t{0};
    std::size_t most = 0;
    for (const auto& [host, members] : hosts) {
        std::set<std::int32_t> all;
        std::size_t threads = 0;
        for (const RankFacts* rank : members) {
            all.insert(rank->cores.begin(), rank->cores.end());
            const bool bound = std::cmp_less(rank->cores.size(), rank->online);
            const std::size_t own = std::max<std::size_t>(
                1, bound ? rank->cores.size() : rank->cores.size() / members.size());
            threads += own;
            fewest = std::min(fewest, own);
            most = std::max(most, own);
        }
        if (threads > all.size() && crowded.empty())
            crowded =
                fmt::format("{}: {} threads on {}", host, threads, count_of(all.size(), "core"));
    }
    if (!crowded.empty())
        return {Health::warn, "cores", crowded,
                "start fewer ranks per host, or bind each to cores of its own (cytofleet-mpi does; "
                "mpirun --map-by slot:PE=N --bind-to core; srun --cpus-per-task=N)"};
    return {Health::ok,
            "cores",
            fewest == most ? fmt::format("{} a rank", count_of(most, "core"))
                           : fmt::format("{} to {} a rank", fewest, most),
            {}};
}

Finding judge_memory(const ByHost& hosts) {
    std::uint64_t least = ~std::uint64_t{0};
    std::string where;
    for (const auto& [host, members] : hosts) {
        const std::uint64_t each = members.front()->memory / members.size();
        if (members.front()->memory > 0 && each < least) {
            least = each;
            where = host;
        }
    }
    if (where.empty()) return {Health::ok, "memory", "not known", {}};
    const std::string text = fmt::format("{} a rank, least on {}", human_bytes(least), where);
    if (least < memory_of_a_rank)
        return {Health::warn, "memory", text,
                "start fewer ranks per host; cytofleet plan says what a rank needs"};
    return {Health::ok, "memory", text, {}};
}

Finding judge_limits(const std::vector<RankFacts>& facts) {
    const auto files = std::ranges::min(facts, {}, &RankFacts::open_files).open_files;
    const auto bytes = std::ranges::min(facts, {}, &RankFacts::file_size).file_size;
    if (files < enough_files)
        return {Health::warn, "limits", fmt::format("{} open files a rank", files),
                "raise it: ulimit -n 1024"};
    if (bytes < large_file)
        return {Health::warn, "limits", fmt::format("files up to {}", human_bytes(bytes)),
                "raise it: ulimit -f unlimited"};
    return {Health::ok, "limits", "open files and file sizes are enough", {}};
}

Finding judge_versions(const std::vector<RankFacts>& facts) {
    for (std::size_t rank = 1; rank < facts.size(); ++rank)
        if (facts[rank].version != facts[0].version)
            return {Health::fail, "program",
                    fmt::format("rank 0 is {}, rank {} on {} is {}", facts[0].version, rank,
                                facts[rank].host, facts[rank].version),
                    "install the same build on all hosts: labels must not depend on who works"};
    return {Health::ok, "program", facts[0].version, {}};
}

}  // namespace

RankFacts own_facts(const Communicator& comm) {
    RankFacts out;
    out.host = comm.host();
    out.node_rank = comm.node_rank();
    out.node_size = comm.node_size();
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        for (int core = 0; core < CPU_SETSIZE; ++core)
            if (CPU_ISSET(static_cast<std::size_t>(core), &allowed)) out.cores.push_back(core);
    out.online = static_cast<std::int32_t>(sysconf(_SC_NPROCESSORS_ONLN));
    out.memory = available_memory();
    out.open_files = limit_of(RLIMIT_NOFILE);
    out.file_size = limit_of(RLIMIT_FSIZE);
    out.version = build_text();
    return out;
}

std::vector<std::byte> to_bytes(const RankFacts& facts) {
    ByteWriter out;
    out.write_text(facts.host);
    out.write(facts.node_rank);
    out.write(facts.node_size);
    out.write(static_cast<std::uint64_t>(facts.cores.size()));
    for (const std::int32_t core : facts.cores) out.write(core);
    out.write(facts.online);
    out.write(facts.memory);
    out.write(facts.open_files);
    out.write(facts.file_size);
    out.write_text(facts.version);
    return out.take();
}

RankFacts facts_from_bytes(std::span<const std::byte> bytes) {
    ByteReader in(bytes, "facts of a rank");
    RankFacts out;
    out.host = in.read_text();
    out.node_rank = in.read<std::int32_t>();
    out.node_size = in.read<std::int32_t>();
    for (auto left = in.read<std::uint64_t>(); left > 0; --left)
        out.cores.push_back(in.read<std::int32_t>());
    out.online = in.read<std::int32_t>();
    out.memory = in.read<std::uint64_t>();
    out.open_files = in.read<std::uint64_t>();
    out.file_size = in.read<std::uint64_t>();
    out.version = in.read_text();
    return out;
}

std::vector<Finding> judge_ranks(const std::vector<RankFacts>& facts) {
    ByHost hosts;
    for (const RankFacts& rank : facts) hosts[rank.host].push_back(&rank);
    return {judge_versions(facts), judge_hosts(hosts, facts.size()), judge_cores(hosts),
            judge_memory(hosts), judge_limits(facts)};
}

}  // namespace cytofleet
