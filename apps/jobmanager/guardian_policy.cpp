// SPDX-License-Identifier: Apache-2.0
#include "apps/jobmanager/guardian_policy.h"

#include <algorithm>

#include "apps/node/exit_codes.h"

namespace weir {

GuardianPolicy::Decision GuardianPolicy::on_end(const End& end) {
  // What another start would only say again.
  const bool is_settled = end.code && (*end.code == kExitOk || *end.code == kExitBadConfig ||
                                       *end.code == kExitUnsafe || !end.had_session);
  if (end.was_told || is_settled) return {};
  if (end.lived >= kCalmAfter) next_pause_ = {};
  const Duration pause = next_pause_;
  next_pause_ = std::clamp(2 * pause, kFirstPause, kLastPause);
  return {.restart_after = pause};
}

}  // namespace weir
