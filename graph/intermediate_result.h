// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "graph/job_graph.h"

namespace weir {

/// Consecutive partitions of one result: [first, first + count).
struct PartitionRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const PartitionRange&) const = default;
};

/// Consecutive subtasks of one vertex: [first, first + count).
struct SubtaskRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const SubtaskRange&) const = default;
};

/// All partitions of one data set, one a subtask of the producer, and how the consumer's subtasks are wired
/// to them. A partition has one subpartition for each consumer it feeds; nothing is stored per pair.
///
/// All-to-all: every consumer reads every partition. Pointwise, S producers and P consumers:
///
///     S <= P   consumer i reads partition floor(i*S/P)           S=2 P=5:  0 0 0 1 1
///     S >  P   consumer i reads floor(i*S/P) .. floor((i+1)*S/P)-1   S=5 P=2:  0 1 | 2 3 4
class IntermediateResult {
public:
  struct Consumer {
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 128;
  };

  IntermediateResult(const IntermediateDataSet& data_set, std::uint32_t producer_parallelism,
                     Consumer consumer);

  [[nodiscard]] const IntermediateDataSet& data_set() const { return data_set_; }
  [[nodiscard]] bool is_blocking() const { return data_set_.exchange == ExchangeMode::Blocking; }
  [[nodiscard]] std::uint32_t partition_count() const { return producers_; }
  [[nodiscard]] std::uint32_t consumer_max_parallelism() const { return consumer_.max_parallelism; }

  void set_consumer_max_parallelism(std::uint32_t groups) { consumer_.max_parallelism = groups; }

  /// What consumer subtask `consumer` reads.
  [[nodiscard]] PartitionRange partitions_of(std::uint32_t consumer) const;
  /// Whom `partition` feeds.
  [[nodiscard]] SubtaskRange consumers_of(std::uint32_t partition) const;
  /// How many consumers `partition` feeds.
  [[nodiscard]] std::uint32_t subpartition_count(std::uint32_t partition) const;
  /// Which of the partition's subpartitions `consumer` reads: its position among the partition's consumers.
  [[nodiscard]] std::uint32_t subpartition_of(std::uint32_t consumer, std::uint32_t partition) const;

private:
  [[nodiscard]] std::uint32_t first_consumer_of(std::uint32_t partition) const;
  [[nodiscard]] bool is_pointwise() const {
    return pattern_of(data_set_.partitioning) == DistributionPattern::Pointwise;
  }

  IntermediateDataSet data_set_;
  std::uint32_t producers_;
  Consumer consumer_;
};

}  // namespace weir
