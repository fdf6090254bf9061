// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir {

void Meter::sample(std::uint64_t count, TimePoint now) {
  samples_[taken_ % kSamples] = {.at = now, .count = count};
  ++taken_;
}

const Meter::Sample& Meter::sample_before(std::size_t steps) const {
  return samples_[(taken_ - 1 - steps) % kSamples];
}

double Meter::per_second() const {
  if (taken_ < 2) return 0;
  const Sample& newest = sample_before(0);
  const Sample& oldest = sample_before(std::min(taken_, kSamples) - 1);
  const std::chrono::duration<double> seconds = newest.at - oldest.at;
  return seconds.count() <= 0 ? 0 : static_cast<double>(newest.count - oldest.count) / seconds.count();
}

void Histogram::add(std::uint64_t value) {
  buckets_[bucket_of(value)].add();
  if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
  count_.add();
}

std::uint64_t Histogram::quantile(double quantile) const {
  const auto total = count_.value();
  if (total == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(total))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket].value();
    if (seen >= rank) return std::min(last_value_in(bucket), max());
  }
  return max();
}

// Values below 8 have a bucket each. Above, a bucket's number is the value's power of two and the three bits
// behind its highest one:
//
//     value  0..7 | 8 9 .. 15 | 16,17 18,19 .. | 32..35 ..
//     bucket 0..7 | 8 9 .. 15 | 16    17    .. | 24     ..
std::size_t Histogram::bucket_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kStepBits) return value;
  const unsigned dropped = width - kStepBits - 1;
  return ((dropped + 1) << kStepBits) + ((value >> dropped) & ((1u << kStepBits) - 1));
}

std::uint64_t Histogram::last_value_in(std::size_t bucket) {
  if (bucket < (1u << kStepBits)) return bucket;
  const auto dropped = static_cast<unsigned>(bucket >> kStepBits) - 1;
  const std::uint64_t leading = (bucket & ((1u << kStepBits) - 1)) + (1u << kStepBits);
  return (leading << dropped) + ((std::uint64_t{1} << dropped) - 1);
}

}  // namespace weir
