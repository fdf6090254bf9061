// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace weir {

/// Keys are dealt into as many key groups as an operator's maximum parallelism; a group is the unit in which
/// state is written, handed out and moved. Which subtask owns which groups is arithmetic, so that everyone
/// agrees unasked.
using KeyGroup = std::uint32_t;

/// The groups of one subtask, both ends included. Empty if last < first.
struct KeyGroupRange {
  KeyGroup first = 0;
  KeyGroup last = 0;

  [[nodiscard]] std::uint32_t count() const { return last + 1 - first; }
  [[nodiscard]] bool contains(KeyGroup group) const { return first <= group && group <= last; }
  bool operator==(const KeyGroupRange&) const = default;
};

/// The group of a key by its KeyHash. Taken from bits 8 to 39 of the hash: the state's tables find a place by
/// the bits above and a tag by the eight below. Were they the same bits, all keys of a group would crowd into
/// one corner of the group's table, which makes it up to 28 times slower.
[[nodiscard]] constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t max_parallelism) {
  return static_cast<KeyGroup>((hash >> 8 & 0xFFFFFFFFu) * max_parallelism >> 32);
}

/// The subtask that owns the group.
[[nodiscard]] constexpr std::uint32_t owner_of(KeyGroup group, std::uint32_t parallelism,
                                               std::uint32_t max_parallelism) {
  return static_cast<std::uint32_t>(std::uint64_t{group} * parallelism / max_parallelism);
}

/// The groups that subtask `index` owns: just those whose owner_of() is `index`. parallelism <=
/// max_parallelism.
[[nodiscard]] constexpr KeyGroupRange range_of(std::uint32_t index, std::uint32_t parallelism,
                                               std::uint32_t max_parallelism) {
  const auto first_of = [&](std::uint64_t i) {
    return static_cast<KeyGroup>((i * max_parallelism + parallelism - 1) / parallelism);
  };
  return {first_of(index), first_of(std::uint64_t{index} + 1) - 1};
}

}  // namespace weir
