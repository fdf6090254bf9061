// SPDX-License-Identifier: Apache-2.0
#include "graph/latency_sums.h"

#include <bit>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view kPrefix = "latency|";
constexpr std::size_t kNameBytes = 100;  // so that the whole stays within what an accumulator may be called

/// The greatest value in the bucket of this one.
std::uint64_t bucket_of(std::uint64_t value) {
  const int shift = static_cast<int>(std::bit_width(value)) - 3;
  return shift <= 0 ? value : (((value >> shift) + 1) << shift) - 1;
}

/// Not in the middle of a character.
std::string_view shortened(std::string_view name) {
  if (name.size() <= kNameBytes) return name;
  std::size_t end = kNameBytes;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end);
}

using Buckets = std::map<std::uint64_t, std::int64_t>;

std::int64_t total_of(const Buckets& buckets) {
  std::int64_t total = 0;
  for (const auto& [value, count] : buckets) total += count;
  return total;
}

std::int64_t quantile(const Buckets& buckets, std::int64_t percent) {
  const std::int64_t wanted = (total_of(buckets) * percent + 99) / 100;
  std::int64_t passed = 0;
  for (const auto& [value, count] : buckets) {
    passed += count;
    if (passed >= wanted) return static_cast<std::int64_t>(value);
  }
  return 0;
}

}  // namespace

std::int64_t wall_micros() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

std::string latency_sum_name(std::string_view source, std::string_view operator_name, std::uint64_t micros) {
  std::string name(kPrefix);
  name += shortened(source);
  name += " -> ";
  name += shortened(operator_name);
  return name + "|" + std::to_string(bucket_of(micros));
}

std::map<std::string, std::int64_t> with_latencies_told(std::map<std::string, std::int64_t> accumulators) {
  std::map<std::string, Buckets> latencies;  // by "source -> operator"
  for (auto at = accumulators.lower_bound(std::string(kPrefix));
       at != accumulators.end() && at->first.starts_with(kPrefix);) {
    const std::string& name = at->first;
    const std::size_t bar = name.rfind('|');
    std::uint64_t bucket = 0;
    (void)std::from_chars(name.data() + bar + 1, name.data() + name.size(), bucket);
    if (bar >= kPrefix.size())
      latencies[name.substr(kPrefix.size(), bar - kPrefix.size())][bucket] += at->second;
    at = accumulators.erase(at);
  }
  for (const auto& [way, buckets] : latencies) {
    const std::string name = "latency " + way + " ";
    for (const std::int64_t percent : {50, 95, 99})
      accumulators[name + "p" + std::to_string(percent)] = quantile(buckets, percent);
    accumulators[name + "markers"] = total_of(buckets);
  }
  return accumulators;
}

}  // namespace weir
