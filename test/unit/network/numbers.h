// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "network/input_gate.h"
#include "network/result_partition.h"
#include "test/unit/network/exchange.h"

// Tasks that count: what one writes the other checks.
namespace weir::exchange {

/// A task that writes the numbers 0, 1, 2 ... to each subpartition, in segments and flushes of random size,
/// with barriers in between, and ends.
class NumberWriter final : public FlushListener {
public:
  NumberWriter(Partition partition, std::uint64_t numbers, unsigned seed)
      : partition_(std::move(partition)),
        numbers_(numbers),
        random_(seed),
        pens_(partition_->subpartition_count()) {
    partition_->set_listener(this);
  }
  ~NumberWriter() override { partition_->set_listener(nullptr); }

  void on_reader_starved() override { starved_.store(true, std::memory_order_relaxed); }

  /// False if it could not get a segment.
  bool run() {
    for (std::uint64_t number = 0; number < numbers_; ++number) {
      for (std::uint32_t i = 0; i < pens_.size(); ++i) {
        if (!write(i, number)) return false;
      }
      if (random_() % 1024 == 0) broadcast_barrier();
      if (starved_.exchange(false, std::memory_order_relaxed) || random_() % 512 == 0) flush();
    }
    finish_segments();
    partition_->finish();
    return true;
  }

private:
  struct Pen {
    std::optional<BufferBuilder> builder;
    std::uint32_t bytes = 0;
    std::uint32_t limit = 0;
  };

  bool write(std::uint32_t subpartition, std::uint64_t number) {
    auto& pen = pens_[subpartition];
    if (!pen.builder) {
      pen.builder = partition_->request_builder(subpartition);
      if (!pen.builder) return false;
      pen.bytes = 0;
      pen.limit = static_cast<std::uint32_t>(sizeof number *
                                             (1 + random_() % (Worker::kSegmentBytes / sizeof number)));
    }
    std::memcpy(pen.builder->begin() + pen.bytes, &number, sizeof number);
    pen.bytes += sizeof number;
    pen.builder->commit(pen.bytes);
    if (pen.bytes == pen.limit) finish_segment(subpartition);
    return true;
  }
  void finish_segment(std::uint32_t subpartition) {
    auto& pen = pens_[subpartition];
    if (!pen.builder) return;
    partition_->finish_builder(subpartition, std::move(*pen.builder), pen.bytes);
    pen.builder.reset();
  }
  void finish_segments() {
    for (std::uint32_t i = 0; i < pens_.size(); ++i) finish_segment(i);
  }
  void broadcast_barrier() {
    finish_segments();
    partition_->broadcast(barrier(++barriers_));
  }
  void flush() {
    for (std::uint32_t i = 0; i < pens_.size(); ++i) partition_->flush(i);
  }

  const Partition partition_;
  const std::uint64_t numbers_;
  std::mt19937 random_;
  std::vector<Pen> pens_;
  std::uint64_t barriers_ = 0;
  std::atomic<bool> starved_ = false;
};

/// A task that reads a gate to its end and checks that each channel counts without a gap.
class NumberReader {
public:
  NumberReader(InputGate& gate, Bell& bell, unsigned seed)
      : gate_(gate), bell_(bell), random_(seed), next_(gate.channel_count()), barriers_(next_.size()) {}

  InputGate::Poll run() {
    BufferOrEvent got;
    for (;;) {
      const auto answer = gate_.poll(got);
      if (answer == InputGate::Poll::Empty) {
        if (!bell_.await_until(much_later())) return answer;
      } else if (answer != InputGate::Poll::Data) {
        return answer;
      } else if (got.event) {
        if (got.event->kind == StreamEvent::Kind::CheckpointBarrier) {
          in_order_ = in_order_ && got.event->checkpoint_id == ++barriers_[got.channel];
        }
      } else {
        count(got.channel, got.buffer.bytes());
      }
    }
  }
  bool in_order() const { return in_order_; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto next : next_) sum += next;
    return sum;
  }

private:
  void count(std::uint32_t channel, std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t number = 0;
      std::memcpy(&number, bytes.data() + at, sizeof number);
      in_order_ = in_order_ && number == next_[channel]++;
    }
    if (random_() % 64 == 0) std::this_thread::yield();
  }

  InputGate& gate_;
  Bell& bell_;
  std::mt19937 random_;
  std::vector<std::uint64_t> next_;
  std::vector<std::uint64_t> barriers_;
  bool in_order_ = true;
};

}  // namespace weir::exchange
