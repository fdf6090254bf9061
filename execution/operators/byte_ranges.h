// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

namespace weir {

/// The bytes [begin, end) of a file.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const ByteRange&) const = default;

  [[nodiscard]] bool is_empty() const { return begin >= end; }
};

/// A set of bytes of a file. What touches is kept as one range, so that it stays small however it was
/// gathered.
///
/// Threads: none.
class ByteRanges {
public:
  ByteRanges() = default;
  explicit ByteRanges(const std::vector<ByteRange>& ranges) {
    for (const ByteRange& each : ranges) add(each);
  }

  void add(ByteRange range) {
    if (range.is_empty()) return;
    auto at = ends_.upper_bound(range.begin);
    if (at != ends_.begin() && std::prev(at)->second >= range.begin) --at;
    while (at != ends_.end() && at->first <= range.end) {
      range.begin = std::min(range.begin, at->first);
      range.end = std::max(range.end, at->second);
      at = ends_.erase(at);
    }
    ends_.emplace(range.begin, range.end);
  }

  /// What of `range` is not in the set, in order.
  [[nodiscard]] std::vector<ByteRange> missing_in(ByteRange range) const {
    std::vector<ByteRange> missing;
    auto at = ends_.upper_bound(range.begin);
    if (at != ends_.begin()) --at;
    for (; at != ends_.end() && at->first < range.end; ++at) {
      if (at->second <= range.begin) continue;
      if (at->first > range.begin) missing.push_back({range.begin, at->first});
      range.begin = at->second;
    }
    if (!range.is_empty()) missing.push_back(range);
    return missing;
  }

  /// All of it, in order.
  [[nodiscard]] std::vector<ByteRange> ranges() const {
    std::vector<ByteRange> all;
    for (const auto& [begin, end] : ends_) all.push_back({begin, end});
    return all;
  }

private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // by begin
};

}  // namespace weir
