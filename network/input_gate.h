// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bell.h"
#include "base/result.h"
#include "base/sync.h"
#include "network/buffer_or_event.h"
#include "network/data_listener.h"
#include "network/input_channel.h"
#include "network/ring_queue.h"

namespace weir {

/// Everything that one task reads of one data set: one channel a producer, read in turn so that none starves.
///
/// A loop that reads it: poll() until Empty, then wait at the bell, then again. The bell rings whenever
/// something came after an Empty, so nothing is missed in between.
///
/// Threads: close() by any; on_data() by whoever fills a channel; the rest by the task.
/// Order:   lock_ is a leaf; a channel that has data stands in the queue exactly once.
class InputGate final : private DataListener {
public:
  enum class Poll : std::uint8_t { Data, Empty, Finished, Failed };

  /// `bell` rings when data arrives where there was none; it outlives this.
  InputGate(std::vector<std::unique_ptr<InputChannel>> channels, Bell& bell);
  ~InputGate() override;
  InputGate(const InputGate&) = delete;
  InputGate& operator=(const InputGate&) = delete;

  /// Begins to read: asks every channel for its partition. Once; lazily, at the task's first read.
  void request_partitions();

  /// The place of a producer is known now: `known` is read instead of the UnknownInputChannel that stood
  /// there, if there stands one still.
  void replace(std::uint32_t channel, std::unique_ptr<InputChannel> known);

  /// The next buffer or event, in turn over the channels that have some; never waits. It drops what `out`
  /// held first, and a reader that is told Empty should hold no other buffer of this gate: writers may wait
  /// for it. An EndOfPartition event is delivered and counted; after the last one the answer is Finished.
  /// Failed: see failure(); it stays so.
  [[nodiscard]] Poll poll(BufferOrEvent& out);

  /// Why poll() said Failed: the producer failed, its partition was never found, the link broke, or close().
  [[nodiscard]] const Error& failure() const { return *failure_; }

  /// Leaves what comes on the channel where it is, until unblock_all(). What queues up there is bounded by
  /// the channel's credit, or by its writer's memory.
  void block(std::uint32_t channel) { is_blocked_[channel] = true; }
  void unblock_all();

  [[nodiscard]] std::uint32_t channel_count() const { return static_cast<std::uint32_t>(channels_.size()); }

  /// Rings the bell; poll() says Failed from now on, and lets go of all channels. Threads: any.
  void close();

private:
  void on_data(std::uint32_t channel) override WEIR_EXCLUDES(lock_);
  /// Takes over what on_data() brought.
  void fetch_arrivals() WEIR_EXCLUDES(lock_);
  [[nodiscard]] Poll poll_channel(std::uint32_t channel, BufferOrEvent& out);
  void enqueue(std::uint32_t channel);
  [[nodiscard]] Poll fail(Error cause);
  void tell_starving();
  void release_all();

  // The task's own.
  std::vector<std::unique_ptr<InputChannel>> channels_;
  bool has_requested_ = false;
  Bell& bell_;
  RingQueue<std::uint32_t> ready_;  // channels with data, in turn
  std::vector<bool> is_ready_;       // a channel; whether it stands in ready_ or waiting_
  std::vector<bool> is_blocked_;     // a channel
  std::vector<std::uint32_t> waiting_;  // blocked channels that have data
  std::vector<std::uint32_t> fed_;   // channels asked since they were last told that we starve
  std::vector<bool> is_fed_;
  std::uint32_t ended_ = 0;  // channels whose end was delivered
  std::optional<Error> failure_;

  // Shared with those who fill the channels.
  Mutex lock_;
  std::vector<std::uint32_t> arrivals_ WEIR_GUARDED_BY(lock_);
  std::atomic<bool> has_arrivals_ = false;  // spares the task the lock while there are none
  std::atomic<bool> closed_ = false;
};

}  // namespace weir
