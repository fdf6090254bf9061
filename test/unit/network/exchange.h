// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "memory/local_buffer_pool.h"
#include "memory/network_buffer_pool.h"
#include "network/input_channel.h"
#include "network/input_gate.h"
#include "network/partition_registry.h"
#include "network/result_partition.h"

// A worker's exchange in words: tests write texts into partitions and read them from gates.
namespace weir::exchange {

using Partition = std::shared_ptr<ResultPartition>;

inline constexpr StreamEvent kEnd{.kind = StreamEvent::Kind::EndOfPartition};
inline StreamEvent barrier(std::uint64_t checkpoint_id) {
  return {.kind = StreamEvent::Kind::CheckpointBarrier, .checkpoint_id = checkpoint_id};
}

/// What a deadline in a test says when something hangs. Never waited for otherwise.
inline TimePoint much_later() { return std::chrono::steady_clock::now() + 60s; }

/// The network memory and the partitions of one worker. Checks at its end that every segment came home.
struct Worker {
  static constexpr std::uint32_t kSegmentBytes = kMinSegmentBytes;

  explicit Worker(std::uint32_t segments = 32) : memory(segments, kSegmentBytes) {}
  ~Worker() {
    registry.close();
    CHECK(memory.available_segments() == memory.total_segments());
  }

  ResultPartitionId id(std::uint32_t producer) const {
    return {.data_set = {1, 1}, .partition = producer, .producer = {2, producer}};
  }
  /// Not yet registered.
  Partition make_partition(std::uint32_t producer, std::uint32_t subpartitions,
                           std::uint32_t max_segments = SegmentDemand::kUnlimited) {
    auto pool = memory.create_pool(subpartitions, max_segments);
    REQUIRE(pool.has_value());
    return std::make_shared<ResultPartition>(id(producer), subpartitions, *pool);
  }
  Partition add_partition(std::uint32_t producer, std::uint32_t subpartitions,
                          std::uint32_t max_segments = SegmentDemand::kUnlimited) {
    auto partition = make_partition(producer, subpartitions, max_segments);
    registry.add(partition);
    return partition;
  }
  /// A gate that reads `subpartition` of the partitions 0 to `producers` - 1, and has asked for them.
  std::unique_ptr<InputGate> open_gate(std::uint32_t producers, std::uint32_t subpartition, Bell& bell) {
    std::vector<std::unique_ptr<InputChannel>> channels;
    for (std::uint32_t i = 0; i < producers; ++i) {
      channels.push_back(std::make_unique<LocalInputChannel>(registry, id(i), subpartition));
    }
    auto gate = std::make_unique<InputGate>(std::move(channels), bell);
    gate->request_partitions();
    return gate;
  }

  NetworkBufferPool memory;
  PartitionRegistry registry;
};

/// A segment with `text` in it, not finished.
inline BufferBuilder begin_segment(ResultPartition& to, std::uint32_t subpartition, std::string_view text) {
  auto builder = to.request_builder(subpartition);
  REQUIRE(builder.has_value());
  std::memcpy(builder->begin(), text.data(), text.size());
  builder->commit(static_cast<std::uint32_t>(text.size()));
  return std::move(*builder);
}

/// A whole segment with `text` in it.
inline void write(ResultPartition& to, std::uint32_t subpartition, std::string_view text) {
  auto builder = begin_segment(to, subpartition, text);
  to.finish_builder(subpartition, std::move(builder), static_cast<std::uint32_t>(text.size()));
}

inline std::string describe(const BufferOrEvent& got) {
  if (!got.event) {
    const auto bytes = got.buffer.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  switch (got.event->kind) {
    case StreamEvent::Kind::EndOfPartition: return "<end>";
    case StreamEvent::Kind::CheckpointBarrier:
      return "<barrier " + std::to_string(got.event->checkpoint_id) + ">";
    case StreamEvent::Kind::RoundMarker: return "<round " + std::to_string(got.event->round) + ">";
    case StreamEvent::Kind::CancelCheckpointMarker:
      return "<cancel " + std::to_string(got.event->checkpoint_id) + ">";
  }
  return "?";
}

/// One step of reading: "1:text" from channel 1, or "empty", "finished", "failed".
inline std::string read(InputGate& gate) {
  BufferOrEvent got;
  switch (gate.poll(got)) {
    case InputGate::Poll::Data: return std::to_string(got.channel) + ":" + describe(got);
    case InputGate::Poll::Empty: return "empty";
    case InputGate::Poll::Finished: return "finished";
    case InputGate::Poll::Failed: return "failed";
  }
  return "?";
}

/// Reads until there is nothing for now.
inline std::vector<std::string> read_all(InputGate& gate) {
  std::vector<std::string> all;
  do all.push_back(read(gate));
  while (all.back().find(':') != std::string::npos);
  return all;
}

using Reads = std::vector<std::string>;

}  // namespace weir::exchange
