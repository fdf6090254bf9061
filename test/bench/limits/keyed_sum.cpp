// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include <boost/unordered/unordered_flat_map.hpp>

#include "memory/memory_segment.h"
#include "test/bench/limits/limits.h"
#include "test/bench/limits/word_table.h"
#include "test/bench/text_generator.h"

namespace weir::limits {

namespace {

struct KeyHash {
  using is_avalanching = void;
  std::size_t operator()(std::uint64_t key) const { return folded_multiply(key ^ kSalt[0], kSalt[1]); }
};

}  // namespace

KeyedRecords::KeyedRecords(std::uint64_t count, std::uint64_t distinct_keys, std::uint64_t seed)
    : count_(count) {
  bench::Random random(seed);
  constexpr std::uint64_t kPerSegment = kDefaultSegmentBytes / sizeof(KeyedRecord);
  for (std::uint64_t left = count; left > 0;) {
    const auto here = std::min(left, kPerSegment);
    auto& segment = segments_.emplace_back(here * sizeof(KeyedRecord));
    for (std::uint64_t i = 0; i < here; ++i) {
      const KeyedRecord record{.key = random.next() % distinct_keys, .value = static_cast<std::int64_t>(i)};
      std::memcpy(segment.data() + i * sizeof record, &record, sizeof record);
    }
    left -= here;
  }
}

std::int64_t keyed_sum(const KeyedRecords& records, std::uint32_t rounds) {
  boost::unordered_flat_map<std::uint64_t, std::int64_t, KeyHash> sums;
  std::int64_t emitted = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (const auto& segment : records.segments()) {
      for (std::size_t at = 0; at < segment.size(); at += sizeof(KeyedRecord)) {
        KeyedRecord record;
        std::memcpy(&record, segment.data() + at, sizeof record);
        emitted += sums[record.key] += record.value;
      }
    }
  }
  return emitted;
}

}  // namespace weir::limits
