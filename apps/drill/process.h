// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/drill/process_use.h"
#include "base/sync.h"
#include "base/thread.h"
#include "base/time.h"

namespace weir::drill {

/// How a process ended: by a code or by a signal.
struct ProcessEnd {
  int code = -1;   // -1: by a signal
  int signal = 0;  // 0: by a code
  bool operator==(const ProcessEnd&) const = default;
};

/// One line that a process wrote, and when it arrived here.
struct ProcessLine {
  std::string text;
  TimePoint at;
};

/// A real process: started here, killed when this ends, or when the thread does that made it, whatever
/// becomes of that.
///
/// Threads: one owner, who lives on; a thread of its own takes in what the process writes, so that it never
///          waits for us.
/// Errors:  aborts if the machine gives no process or pipe; a program that cannot be run ends with 127.
class Process {
public:
  /// Where a line was written.
  enum class Stream : int { Out = 0, Err = 1 };

  /// `command` is a path and its arguments; `environment` lines of NAME=VALUE beside our own; `network` the
  /// descriptor of the network namespace to be in, -1: ours.
  explicit Process(std::vector<std::string> command, const std::vector<std::string>& environment = {},
                   int network = -1);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// The first line, of those that no earlier call has passed, that contains `part`. None if the stream ends
  /// or `patience` is over before it comes.
  [[nodiscard]] std::optional<ProcessLine> await_line(std::string_view part, Duration patience = 10s,
                                                      Stream stream = Stream::Out) WEIR_EXCLUDES(lock_);
  /// Every line written so far with this in it.
  [[nodiscard]] std::vector<ProcessLine> lines_with(std::string_view part, Stream stream) const
      WEIR_EXCLUDES(lock_);
  /// Everything written so far.
  [[nodiscard]] std::string text(Stream stream) const WEIR_EXCLUDES(lock_);

  /// Does nothing to one that has ended.
  void signal(int number);
  /// None if it still runs when `patience` is over.
  [[nodiscard]] std::optional<ProcessEnd> await_end(Duration patience = 10s);
  /// All zeros once it has ended.
  [[nodiscard]] ProcessUse use() const;

private:
  struct Written {
    std::vector<ProcessLine> lines;
    std::string tail;  // without its newline yet
    std::size_t passed = 0;
    bool is_over = false;
  };

  void start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
             int network);
  void take_in();
  bool take_in_some(int index);

  mutable Mutex lock_;
  CondVar written_;
  Written streams_[2] WEIR_GUARDED_BY(lock_);
  int pipes_[2] = {-1, -1};  // ours to read
  int stop_[2] = {-1, -1};   // closing [1] ends the thread
  pid_t pid_ = -1;
  int pid_descriptor_ = -1;
  std::optional<ProcessEnd> end_;
  Thread reader_;
};

/// A process that ran to its end.
struct Finished {
  ProcessEnd end;
  std::string out;
  std::string err;
};

/// Runs a command to its end, which must come before `patience` is over.
[[nodiscard]] Finished run_to_end(std::vector<std::string> command, Duration patience = 60s);

/// Of any process, all zeros if there is none.
[[nodiscard]] ProcessUse use_of(pid_t pid);

}  // namespace weir::drill
