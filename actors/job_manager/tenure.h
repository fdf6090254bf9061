// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/ids.h"

namespace weir {

/// Whether a term of leadership is this JobManager's, from its grant to its revocation. In between the jobs
/// are read, again and again if need be; only then it leads.
///
/// Threads: none. One a JobManager.
class Tenure {
public:
  /// False: it was revoked already, and this is an attempt to read the jobs that it did not outlive.
  [[nodiscard]] bool on_grant(LeaderSessionId term) {
    if (term == revoked_) return false;
    granted_ = term;
    return true;
  }
  void on_revoke() { revoked_ = std::exchange(granted_, {}); }
  [[nodiscard]] bool holds(LeaderSessionId term) const { return term == granted_; }

private:
  LeaderSessionId granted_;
  LeaderSessionId revoked_;  // the latest
};

}  // namespace weir
