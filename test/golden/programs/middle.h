// SPDX-License-Identifier: Apache-2.0
// The middle of a job's input, where a test may take a checkpoint.
#pragma once

#include <fstream>
#include <string>
#include <utility>

#include "api/program.h"

namespace weir::golden {

/// The line "(middle)" stands for no data: whoever reads it waits, if --middle names a pipe, until the other
/// end of it was opened and closed. Keeps all other lines.
class Middle {
public:
  explicit Middle(const Params& params) : pipe_(params.get("middle", "")) {}

  bool operator()(const std::string& line) const {
    if (line != "(middle)") return true;
    if (!pipe_.empty()) (void)std::ifstream(pipe_).get();
    return false;
  }

private:
  std::string pipe_;
};

/// With --checkpointed the job takes checkpoints, when the test says so.
inline void let_take_checkpoints(Environment& env) {
  if (env.params().has("checkpointed")) env.enable_checkpointing(1h);
}

}  // namespace weir::golden
