// SPDX-License-Identifier: Apache-2.0
#include "graph/intermediate_result.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

IntermediateResult wired(Partitioning partitioning, std::uint32_t producers, std::uint32_t consumers) {
  return {IntermediateDataSet{.partitioning = partitioning}, producers, {.parallelism = consumers}};
}

/// "0 | 1 2": consumer 0 reads partition 0, consumer 1 reads 1 and 2.
std::string picture(std::uint32_t producers, std::uint32_t consumers) {
  const IntermediateResult result = wired(Partitioning::Rescale, producers, consumers);
  std::string text;
  for (std::uint32_t consumer = 0; consumer < consumers; ++consumer) {
    if (consumer > 0) text += " |";
    const PartitionRange range = result.partitions_of(consumer);
    for (std::uint32_t i = 0; i < range.count; ++i) text += " " + std::to_string(range.first + i);
  }
  return text.substr(1);
}

/// Each partition's subpartitions are read by one consumer each, and no other subpartition is read.
void check_every_subpartition_is_read_once(const IntermediateResult& result, std::uint32_t consumers) {
  std::vector<std::vector<int>> readers;
  for (std::uint32_t p = 0; p < result.partition_count(); ++p)
    readers.emplace_back(result.subpartition_count(p), 0);
  for (std::uint32_t consumer = 0; consumer < consumers; ++consumer) {
    const PartitionRange range = result.partitions_of(consumer);
    REQUIRE(range.count >= 1);
    for (std::uint32_t p = range.first; p < range.first + range.count; ++p) {
      REQUIRE(p < readers.size());
      REQUIRE(result.subpartition_of(consumer, p) < readers[p].size());
      ++readers[p][result.subpartition_of(consumer, p)];
    }
  }
  for (const auto& partition : readers) {
    REQUIRE_FALSE(partition.empty());
    for (const int count : partition) REQUIRE(count == 1);
  }
}

}  // namespace

TEST_CASE("pointwise wiring spreads producers over consumers in order") {
  CHECK(picture(1, 1) == "0");
  CHECK(picture(3, 3) == "0 | 1 | 2");
  CHECK(picture(1, 3) == "0 | 0 | 0");
  CHECK(picture(2, 4) == "0 | 0 | 1 | 1");
  CHECK(picture(2, 5) == "0 | 0 | 0 | 1 | 1");
  CHECK(picture(3, 4) == "0 | 0 | 1 | 2");
  CHECK(picture(3, 1) == "0 1 2");
  CHECK(picture(4, 2) == "0 1 | 2 3");
  CHECK(picture(5, 2) == "0 1 | 2 3 4");
  CHECK(picture(10, 4) == "0 1 | 2 3 4 | 5 6 | 7 8 9");
}

TEST_CASE("in every ratio each subpartition has exactly one reader") {
  for (std::uint32_t producers = 1; producers <= 33; ++producers) {
    for (std::uint32_t consumers = 1; consumers <= 33; ++consumers) {
      CAPTURE(producers);
      CAPTURE(consumers);
      check_every_subpartition_is_read_once(wired(Partitioning::Rescale, producers, consumers), consumers);
      check_every_subpartition_is_read_once(wired(Partitioning::Hash, producers, consumers), consumers);
    }
  }
}

TEST_CASE("in every ratio a partition feeds those who read it") {
  for (std::uint32_t producers = 1; producers <= 17; ++producers) {
    for (std::uint32_t consumers = 1; consumers <= 17; ++consumers) {
      CAPTURE(producers);
      CAPTURE(consumers);
      const IntermediateResult result = wired(Partitioning::Rescale, producers, consumers);
      std::uint32_t read = 0;
      for (std::uint32_t consumer = 0; consumer < consumers; ++consumer) {
        const PartitionRange range = result.partitions_of(consumer);
        for (std::uint32_t partition = range.first; partition < range.first + range.count; ++partition) {
          const SubtaskRange fed = result.consumers_of(partition);
          REQUIRE((fed.first <= consumer && consumer < fed.first + fed.count));
          ++read;
        }
      }
      std::uint32_t fed = 0;
      for (std::uint32_t partition = 0; partition < producers; ++partition)
        fed += result.consumers_of(partition).count;
      REQUIRE(read == fed);
    }
  }
}

TEST_CASE("the widest jobs do not overflow") {
  check_every_subpartition_is_read_once(wired(Partitioning::Rescale, 32768, 32767), 32767);
  check_every_subpartition_is_read_once(wired(Partitioning::Rescale, 32767, 32768), 32768);
}

TEST_CASE("all-to-all: each consumer reads its own subpartition of every partition") {
  const IntermediateResult result = wired(Partitioning::Rebalance, 3, 2);
  CHECK(result.partitions_of(1) == PartitionRange{.first = 0, .count = 3});
  CHECK(result.subpartition_count(2) == 2);
  CHECK(result.subpartition_of(1, 2) == 1);
}

TEST_CASE("only forward and rescale are pointwise") {
  for (const auto partitioning : {Partitioning::Rebalance, Partitioning::Shuffle, Partitioning::Broadcast,
                                  Partitioning::Global, Partitioning::Hash, Partitioning::Custom}) {
    CHECK(wired(partitioning, 4, 4).subpartition_count(0) == 4);
  }
  CHECK(wired(Partitioning::Forward, 4, 4).subpartition_count(0) == 1);
  CHECK(wired(Partitioning::Rescale, 4, 4).subpartition_count(0) == 1);
}

}  // namespace weir
