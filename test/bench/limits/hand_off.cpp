// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/thread.h"
#include "test/bench/limits/limits.h"
#include "test/bench/limits/segment_queue.h"

namespace weir::limits {

namespace {

constexpr std::size_t kSegmentsInFlight = 16;
constexpr std::size_t kWorthWaking = 4;
constexpr std::size_t kWords = kDefaultSegmentBytes / sizeof(std::uint64_t);

std::uint64_t sum_of(const Segment& segment) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint64_t word;
    std::memcpy(&word, segment.begin() + i * sizeof word, sizeof word);
    sum += word;
  }
  return sum;
}

}  // namespace

std::uint64_t hand_off(std::uint64_t segments) {
  SegmentQueue full(kWorthWaking);
  SegmentStock stock(kSegmentsInFlight);
  Thread writer("writer", [&] {
    std::vector<std::uint64_t> payload(kWords);
    std::iota(payload.begin(), payload.end(), 0);
    for (std::uint64_t i = 0; i < segments; ++i) {
      Segment* const segment = stock.get();
      std::memcpy(segment->begin(), payload.data(), kDefaultSegmentBytes);
      full.push(segment);
    }
    full.finish(1);
  });
  std::uint64_t sum = 0;
  std::vector<Segment*> taken;
  while (full.take_all(taken)) {
    for (Segment* const segment : taken) {
      sum += sum_of(*segment);
      stock.give_back(segment);
    }
  }
  writer.join();
  return sum;
}

}  // namespace weir::limits
