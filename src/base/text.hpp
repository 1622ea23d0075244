// Text for people: paths that may hold any byte, counts, natural order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cytofleet {

/// `text` as one line that does nothing but show itself: valid UTF-8 without control characters
/// (C0, DEL, C1, separators of lines, those that turn the direction of writing) and what XML
/// forbids. A byte of anything else becomes \xNN. Doing it twice changes nothing more.
std::string printable(std::string_view text);
/// The same, but line ends and tabs stay.
std::string printable_lines(std::string_view text);
/// A path for a message or a log: printable().
std::string show(const std::filesystem::path& path);
/// Compares names as people sort them: runs of digits by value, the rest byte by byte.
bool natural_less(std::string_view a, std::string_view b);
std::string lower(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
/// "3 files", "1 file".
std::string count_of(std::uint64_t count, std::string_view thing);
/// "3", "1 to 9", "1 to 4, 7 and 9", "1, 3, 5, 7, 9, 11, 13, 15 and 500 more". `numbers` are
/// sorted.
std::string ranges_of(std::span<const std::int64_t> numbers);
/// "1.5 GB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace cytofleet
