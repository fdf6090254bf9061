// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/time.h"

namespace weir {

/// What becomes of a JobManager that has ended: whether its guardian starts another, and when.
///
/// Threads: none.
class GuardianPolicy {
public:
  static constexpr Duration kFirstPause = 1s;  // after the second crash in a row; the first costs none
  static constexpr Duration kLastPause = 30s;
  static constexpr Duration kCalmAfter = 60s;  // who lived so long may crash once more without a pause

  struct End {
    std::optional<int> code;   // none: by a signal
    Duration lived{};
    bool had_session = false;  // with ZooKeeper: it had begun its work
    bool was_told = false;     // to end
  };
  struct Decision {
    std::optional<Duration> restart_after;  // none: the guardian ends too, as its child did
  };
  [[nodiscard]] Decision on_end(const End& end);

private:
  Duration next_pause_{};
};

}  // namespace weir
