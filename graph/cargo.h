// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace weir {

/// Something that a user's program made and that the graph carries without looking inside: the factory of an
/// operator, the key selector of an edge. The rooms above know what it is; the graph only hands it over.
class Cargo {
public:
  virtual ~Cargo() = default;
};

using CargoPtr = std::shared_ptr<const Cargo>;

/// How records are spread over the subtasks of the consumer.
enum class Partitioning : std::uint8_t {
  Forward,    // to the one subtask with the same index; the only kind that may be chained
  Rebalance,  // round robin over all
  Rescale,    // round robin over the producer's own share of the consumers
  Shuffle,    // at random over all
  Broadcast,  // to each
  Global,     // to the first
  Hash,       // to the owner of the key's key group
  Custom,     // where the user's function says
};

/// When the consumer may read what the producer writes.
enum class ExchangeMode : std::uint8_t {
  Pipelined,  // while it is being written
  Blocking,   // once all of it is written: until then it lies in files. Only where the input has an end
};

/// Whether each consumer is wired to a share of the producers or to all.
enum class DistributionPattern : std::uint8_t { Pointwise, AllToAll };

[[nodiscard]] constexpr DistributionPattern pattern_of(Partitioning partitioning) {
  return partitioning == Partitioning::Forward || partitioning == Partitioning::Rescale
             ? DistributionPattern::Pointwise
             : DistributionPattern::AllToAll;
}

/// The name as execution plans print it: "FORWARD", "HASH", ...
[[nodiscard]] constexpr std::string_view name_of(Partitioning partitioning) {
  constexpr std::string_view kNames[] = {"FORWARD",   "REBALANCE", "RESCALE", "SHUFFLE",
                                         "BROADCAST", "GLOBAL",    "HASH",    "CUSTOM"};
  return kNames[static_cast<std::size_t>(partitioning)];
}

}  // namespace weir
