// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir {

/// The task's half of a checkpoint: at which point of its inputs a snapshot is exact.
///
/// A barrier on a channel parts what belongs to the checkpoint from what does not. Aligning means that a
/// channel whose barrier has come is not read until the barriers of all others have come; what queues up on
/// it is bounded by its credit. Tracking (at least once) reads on and only counts.
///
/// The rules, with `id` what comes and `current` what is being aligned:
///
/// | what comes       | aligning, id = current | aligning, id > current        | not aligning          |
/// |------------------|------------------------|-------------------------------|-----------------------|
/// | barrier          | channel is blocked     | current is aborted, id begins | id > last: id begins  |
/// | cancel marker    | current is aborted     | current and id are aborted    | id > last: id aborted |
/// | end of partition | counts as a barrier of current and of all that follow                         |
///
/// Whatever is not newer than the last one that was completed, aborted or begun is ignored. A channel that
/// has ended sends no barriers and is not waited for: that a producer has finished stops no checkpoint.
///
/// Threads: none. One caller: the task.
/// Order:   carry out what a call answers before the next element is read.
class BarrierAligner {
public:
  enum class Mode : std::uint8_t { ExactlyOnce, AtLeastOnce };

  /// What the task has to do, in this order.
  struct Steps {
    struct Abort {
      std::uint64_t checkpoint = 0;
      std::string_view reason;
      bool operator==(const Abort&) const = default;
    };
    std::vector<Abort> abort;     // decline it, and tell those behind us not to wait for it
    bool unblock_all = false;     // read all channels again
    bool block_channel = false;   // do not read on from the channel that this came from
    std::uint64_t snapshot = 0;   // not 0: all that belongs to this checkpoint was read; take it now
    WallTime triggered_at{};      // of `snapshot`
    bool is_savepoint = false;    // of `snapshot`
    std::string storage_root;     // of `snapshot`
    bool operator==(const Steps&) const = default;
  };

  struct Barrier {
    std::uint64_t checkpoint = 0;
    WallTime triggered_at{};
    bool is_savepoint = false;
    std::string storage_root;  // where the state goes
  };

  /// `channels` counts those of all gates of the task.
  BarrierAligner(std::uint32_t channels, Mode mode);

  [[nodiscard]] Steps on_barrier(std::uint32_t channel, const Barrier& barrier);
  [[nodiscard]] Steps on_cancel_marker(std::uint64_t checkpoint);
  [[nodiscard]] Steps on_end(std::uint32_t channel);
  /// A trigger that came straight to the task, because nothing that writes to it runs any more. It waits for
  /// on_finished(): what the producers handed in says that all they wrote has been read, and what operators
  /// say at the end of their input has to be in it, too. Of sinks that wait for a checkpoint with that,
  /// nobody hears that they do.
  [[nodiscard]] Steps on_trigger(const Barrier& barrier);
  /// All channels have ended, and operators have said what they say then.
  [[nodiscard]] Steps on_finished();

  /// Whether some channels wait for others.
  [[nodiscard]] bool is_aligning() const { return !pending_.empty(); }

private:
  /// A checkpoint whose barriers have begun to come.
  struct Pending {
    Barrier barrier;
    std::uint32_t received = 0;
    std::vector<bool> from;  // by channel
  };
  static constexpr std::size_t kMostPending = 50;  // tracking only; aligning has one

  [[nodiscard]] bool is_complete(const Pending& pending) const;
  void begin(const Barrier& barrier, Steps& steps);
  void abort_older(std::uint64_t than, std::string_view reason, Steps& steps);
  void complete(std::size_t at, Steps& steps);
  [[nodiscard]] Steps complete_trigger();

  const Mode mode_;
  std::vector<bool> ended_;  // by channel
  bool has_finished_ = false;
  std::uint64_t last_ = 0;         // the highest that was begun, completed or aborted
  std::vector<Pending> pending_;   // ascending by checkpoint
  std::optional<Barrier> trigger_;  // waits for the task to have finished
};

}  // namespace weir
