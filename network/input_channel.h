// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "network/buffer_or_event.h"
#include "network/data_listener.h"
#include "network/partition_registry.h"

namespace weir {

/// One stream into a gate: the subpartition that one producer writes for this consumer, wherever the producer
/// runs.
///
/// Threads: the task's only. What other threads bring is told to the gate, and fetched by poll().
class InputChannel {
public:
  virtual ~InputChannel() = default;

  /// Asks for the stream, once. From now on `gate` hears on_data(index) whenever poll() is worth a call.
  virtual void request_partition(DataListener& gate, std::uint32_t index) = 0;
  /// The next part into `out`, whose buffer and event are empty. Failed: see failure().
  [[nodiscard]] virtual Polled poll(BufferOrEvent& out) = 0;
  /// The task has nothing else to do: what the producer has begun should come now.
  virtual void on_starving() = 0;
  /// Why poll() said Failed.
  [[nodiscard]] virtual Error failure() const = 0;
  /// Gives up the stream, at its end or before. Once it returned the gate is told nothing any more; a second
  /// call does nothing.
  virtual void release() = 0;
};

/// A stream whose producer has no place yet: nothing comes, until InputGate::replace() puts another channel
/// here.
class UnknownInputChannel final : public InputChannel {
public:
  void request_partition(DataListener&, std::uint32_t) override {}
  [[nodiscard]] Polled poll(BufferOrEvent&) override { return {.kind = Polled::Kind::Empty}; }
  void on_starving() override {}
  [[nodiscard]] Error failure() const override { return {}; }
  void release() override {}
};

/// A stream from a task in the same worker: reads the producer's queue, nothing is copied. Its reader is a
/// task's gate, or a data server that sends the stream on.
///
/// Threads: the reader's only.
class LocalInputChannel final : public InputChannel {
public:
  /// `registry` outlives this.
  LocalInputChannel(PartitionRegistry& registry, const ResultPartitionId& partition,
                    std::uint32_t subpartition)
      : registry_(registry), id_(partition), subpartition_(subpartition) {}
  ~LocalInputChannel() override { release(); }

  void request_partition(DataListener& gate, std::uint32_t index) override;
  [[nodiscard]] Polled poll(BufferOrEvent& out) override { return poll(out, Wanted::Anything); }
  [[nodiscard]] Polled poll(BufferOrEvent& out, Wanted wanted);
  void on_starving() override;
  [[nodiscard]] Error failure() const override;
  void release() override;

private:
  /// Attaches to the partition, or fails, if the request was answered by now.
  void take_answer();

  PartitionRegistry& registry_;
  const ResultPartitionId id_;
  const std::uint32_t subpartition_;
  DataListener* gate_ = nullptr;
  std::uint32_t index_ = 0;
  std::shared_ptr<PartitionRequest> request_;   // until it is answered
  std::shared_ptr<ResultPartition> partition_;  // from then to release()
  std::optional<Error> failure_;
};

}  // namespace weir
