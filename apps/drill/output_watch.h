// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/drill/recorder.h"
#include "base/result.h"
#include "base/thread.h"

namespace weir::drill {

/// Watches the folder of part files, and writes down each that is committed, or changed when it was.
///
/// Threads: made and ended by the owner.
class OutputWatch {
public:
  /// The folder is there; `recorder` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<OutputWatch>> start(const std::string& folder,
                                                                  Recorder& recorder);
  ~OutputWatch();

private:
  OutputWatch(int changes, Recorder& recorder);
  void run();
  bool take_changes();

  const int changes_;
  int stop_[2] = {-1, -1};  // closing [1] ends the thread
  Recorder& recorder_;
  Thread thread_;
};

/// Of "part-JOB-OPERATOR-SUBTASK-CHECKPOINT" the last; 0 of any other name.
[[nodiscard]] std::uint64_t checkpoint_of(const std::string& part_file);

}  // namespace weir::drill
