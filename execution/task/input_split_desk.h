// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir {

/// Where a task's source asks for its next input split. The answer comes as a letter, so that nothing here
/// needs a lock.
///
/// Threads: the task's.
struct InputSplitDesk {
  /// Nothing inside: there are no more.
  using Answer = Result<std::optional<std::string>>;

  std::function<void()> ask;     // empty: the task has no splits
  std::optional<Answer> answer;  // to the latest question; nothing: it has not come
};

}  // namespace weir
