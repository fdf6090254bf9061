// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "execution/operators/record_sink.h"
#include "execution/task/mailbox.h"
#include "execution/task/task_metrics.h"
#include "memory/buffer.h"
#include "network/result_partition.h"

namespace weir {

/// Writes the records of one outgoing edge into the segments of a result partition, a segment a channel at a
/// time.
///
/// A record is visible to its reader when its segment is full, when it has waited for the edge's buffer
/// timeout, when this task has nothing to do, or when the reader has nothing to do: then soon, but at most
/// once in kStarvedFlushInterval, because waking a reader costs as much as a few hundred records.
///
/// Threads: the task's; on_reader_starved() by any.
/// Errors:  throws TaskCancelled if the partition is taken away while it waits for memory, and runtime_error
///          if a blocking exchange cannot be written to disk.
class RecordWriter final : public RecordSink, private FlushListener {
public:
  static constexpr Duration kStarvedFlushInterval = 1ms;

  /// `mailbox` and `metrics` outlive this. A `buffer_timeout` of 0 makes each record visible at once.
  RecordWriter(std::shared_ptr<ResultPartition> partition, std::chrono::milliseconds buffer_timeout,
               Mailbox& mailbox, TaskMetrics& metrics);
  ~RecordWriter() override;

  void write_large(std::uint32_t channel, std::span<const std::byte> element) override;

  /// Makes everything visible that was written.
  void flush_all();
  /// A reader ran dry: makes visible what waits for it, now or a little later.
  void serve_starved_readers();
  /// The event stands behind everything that was written, on every channel.
  void broadcast(const StreamEvent& event);
  /// The last record was written.
  void finish();

protected:
  std::byte* make_room(std::uint32_t channel, std::size_t bytes) override;
  void flush(std::uint32_t channel) override;

private:
  struct Channel {
    std::optional<BufferBuilder> builder;
    std::uint32_t flushed_bytes = 0;  // of the builder
    std::uint32_t probe_bytes =
        0;  // not 0: the reader is starving; look at the clock again after so many bytes
  };

  void on_reader_starved() override { mailbox_.raise_quietly(Mailbox::kReaderStarved); }

  [[nodiscard]] std::uint32_t written_bytes(std::uint32_t channel);
  /// The place to write, if what is left of the channel's segment holds so many bytes.
  [[nodiscard]] std::byte* room_in_segment(std::uint32_t channel, std::size_t bytes);
  void serve_starved(std::uint32_t channel);
  void begin_segment(std::uint32_t channel);
  void end_segment(std::uint32_t channel);
  /// What a blocking exchange wrote so far lies where it should.
  void check_disk() const;
  /// Lets reserve() come back to make_room() after `bytes` more.
  void probe_after(std::uint32_t channel, std::uint32_t bytes);
  /// Counts what became visible of the channel's segment, and what was written so far.
  void publish(std::uint32_t channel, std::uint32_t visible_bytes);

  const std::shared_ptr<ResultPartition> partition_;
  Mailbox& mailbox_;
  TaskMetrics& metrics_;
  std::vector<Channel> channels_;
  std::uint64_t published_records_ = 0;  // of record_count()
  TimePoint last_starved_flush_{};
};

}  // namespace weir
