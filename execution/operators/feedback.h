// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checkpoint/snapshot/handles.h"
#include "execution/operators/task_mail.h"
#include "memory/memory_segment.h"

namespace weir {

/// One turn of an iteration's end game. The beginning sends round k + 1 when round k has come back, and each
/// task inside sends a round on when it has come from all its inputs, or these have ended. So a round that
/// comes back says that all input from outside has ended and that what was fed in before it has come back,
/// too. It is quiet if no beginning has fed in a record since the round before: then nothing is under way.
struct Round {
  std::uint64_t iteration = 0;  // the number of its beginning in the stream graph
  std::uint64_t number = 0;     // from 1 on
  bool is_quiet = false;
  bool operator==(const Round&) const = default;
};

/// What the end of an iteration hands to its beginning, in order: records, and what stands between them. A
/// port: the worker implements it for subtasks in one process.
///
/// Threads: put() by the task of the end; the rest by that of the beginning.
/// Order:   put() never waits for the reader, however far behind that is: the reader waits for those who wait
///          for put().
/// Errors:  std::runtime_error if what memory cannot hold cannot be kept on disk.
class Feedback {
public:
  struct Item {
    enum class Kind : std::uint8_t { Records, Barrier, Round };
    Kind kind = Kind::Records;
    /// Stream elements, as in a buffer, and behind them kSegmentSlackBytes that mean nothing.
    std::vector<std::byte> records = {};
    CheckpointId checkpoint = 0;          // of a barrier
    Round round = {};

    /// Without the slack.
    [[nodiscard]] std::span<const std::byte> elements() const {
      return {records.data(), records.size() - std::min<std::size_t>(records.size(), kSegmentSlackBytes)};
    }
  };
  enum class Reader : std::uint8_t {
    Reads,    // or is going to
    Left,     // does not want what comes now
    Finished  // has been told that nothing comes any more
  };

  virtual ~Feedback() = default;
  [[nodiscard]] virtual Reader put(Item item) = 0;

  /// From now on `mail` is posted a letter when there is something again. It outlives leave().
  virtual void read_by(TaskMail& mail) = 0;
  /// The next item, if it is there.
  [[nodiscard]] virtual std::optional<Item> take() = 0;
  /// Reads no more. Any number of times; the first one counts.
  virtual void leave(Reader how) = 0;
};

}  // namespace weir
