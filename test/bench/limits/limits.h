// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What this machine can do, written by hand for each thing that Weir does: no operators, no tasks, no graph.
/// A figure of Weir is only quoted as a ratio to one of these, measured in the same minute.
///
/// Threads: each function starts its own and has joined them when it returns.
/// Errors:  they are programs for one purpose and abort on whatever goes wrong.
namespace weir::limits {

/// What came out of a word count, small enough to compare.
struct WordCounts {
  std::uint64_t words = 0;
  std::uint64_t distinct_words = 0;
  std::uint64_t digest = 0;  // the sum of digest_of() over all (word, count)

  bool operator==(const WordCounts&) const = default;
};

/// Equal sums over two sets of (word, count) mean equal sets, whatever their order.
[[nodiscard]] std::uint64_t digest_of(std::string_view word, std::int64_t count);

/// Two threads: one reads the file in large blocks, lower-cases and splits it and writes (length, bytes, 1)
/// into 32 KiB segments; the other adds them up in a flat hash map with an inlined hash, and builds a string
/// only for a new word.
[[nodiscard]] WordCounts word_count_pipeline(const std::string& path);

/// Four threads: two such readers with half of the file each, and two counters with half of the words each. A
/// word's counter is chosen by bits of its hash that the map does not use.
[[nodiscard]] WordCounts word_count_exchange(const std::string& path);

/// One thread and the standard library: what the others must agree with. Not a limit.
[[nodiscard]] WordCounts word_count_plain(const std::string& path);

struct KeyedRecord {
  std::uint64_t key = 0;
  std::int64_t value = 0;
};

/// Records with uniformly drawn keys in segments of 32 KiB, as they lie behind an exchange.
class KeyedRecords {
public:
  KeyedRecords(std::uint64_t count, std::uint64_t distinct_keys, std::uint64_t seed);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::vector<std::byte>>& segments() const { return segments_; }

private:
  std::uint64_t count_;
  std::vector<std::vector<std::byte>> segments_;
};

/// One thread adds up the values by key in a flat hash map, `rounds` times over. Returns the sum of all
/// running sums, which is what a keyed sum emits.
[[nodiscard]] std::int64_t keyed_sum(const KeyedRecords& records, std::uint32_t rounds);

/// One thread hands `segments` segments of 32 KiB to another, which hands them back. Every byte is written on
/// one side and read on the other. Returns the sum of what was read.
[[nodiscard]] std::uint64_t hand_off(std::uint64_t segments);

/// One thread writes `bytes` bytes into a TCP connection over loopback, `bytes_a_write` at a time, and
/// another reads them in as large pieces. Nobody looks at them. Returns how many arrived.
[[nodiscard]] std::uint64_t loopback_tcp(std::uint64_t bytes, std::size_t bytes_a_write);

/// `records` numbers pass through `operators` objects that each add one and make one virtual call. Returns
/// their sum.
[[nodiscard]] std::uint64_t virtual_chain(std::uint32_t operators, std::uint64_t records);

}  // namespace weir::limits
