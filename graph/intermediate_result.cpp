// SPDX-License-Identifier: Apache-2.0
#include "graph/intermediate_result.h"

namespace weir {
namespace {

/// floor(a * b / c), where a * b may pass 32 bits.
std::uint32_t scaled(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return static_cast<std::uint32_t>(std::uint64_t{a} * b / c);
}

}  // namespace

IntermediateResult::IntermediateResult(const IntermediateDataSet& data_set,
                                       std::uint32_t producer_parallelism, Consumer consumer)
    : data_set_(data_set), producers_(producer_parallelism), consumer_(consumer) {}

PartitionRange IntermediateResult::partitions_of(std::uint32_t consumer) const {
  if (!is_pointwise()) return {.first = 0, .count = producers_};
  const std::uint32_t first = scaled(consumer, producers_, consumer_.parallelism);
  if (producers_ <= consumer_.parallelism) return {.first = first, .count = 1};
  return {.first = first, .count = scaled(consumer + 1, producers_, consumer_.parallelism) - first};
}

/// The smallest i with floor(i*S/P) = partition. Pointwise with S <= P only.
std::uint32_t IntermediateResult::first_consumer_of(std::uint32_t partition) const {
  return static_cast<std::uint32_t>((std::uint64_t{partition} * consumer_.parallelism + producers_ - 1) /
                                    producers_);
}

SubtaskRange IntermediateResult::consumers_of(std::uint32_t partition) const {
  if (!is_pointwise()) return {.first = 0, .count = consumer_.parallelism};
  if (producers_ <= consumer_.parallelism)
    return {.first = first_consumer_of(partition), .count = subpartition_count(partition)};
  // The last consumer whose first partition is not behind this one.
  const auto behind = std::uint64_t{partition + 1} * consumer_.parallelism;
  return {.first = static_cast<std::uint32_t>((behind - 1) / producers_), .count = 1};
}

std::uint32_t IntermediateResult::subpartition_count(std::uint32_t partition) const {
  if (!is_pointwise()) return consumer_.parallelism;
  if (producers_ > consumer_.parallelism) return 1;
  return first_consumer_of(partition + 1) - first_consumer_of(partition);
}

std::uint32_t IntermediateResult::subpartition_of(std::uint32_t consumer, std::uint32_t partition) const {
  if (!is_pointwise()) return consumer;
  if (producers_ > consumer_.parallelism) return 0;
  return consumer - first_consumer_of(partition);
}

}  // namespace weir
