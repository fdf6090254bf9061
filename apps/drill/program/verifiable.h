// SPDX-License-Identifier: Apache-2.0
// What the verifiable job computes, for the job and for those who check it.
#pragma once

#include <cstdint>

namespace weir::drill {

/// One bit changed in changes half of those that come out.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// The event of a partition with this number.
constexpr std::uint64_t event_hash(std::uint64_t seed, std::uint32_t partition, std::uint64_t sequence) {
  return mix(mix(mix(seed) + partition) + sequence);
}

/// Below `keys`. The end of a partition has a key of its own, above them.
constexpr std::uint64_t event_key(std::uint64_t hash, std::uint64_t keys) { return hash % keys; }
constexpr std::uint64_t end_key(std::uint32_t partition, std::uint64_t keys) { return keys + partition; }

/// The hash of a key when one event more was counted; after the first it is the event's. It tells also in
/// which order they came.
constexpr std::uint64_t chained(std::uint64_t before, std::uint64_t event) { return mix(before + 1) ^ event; }

}  // namespace weir::drill
