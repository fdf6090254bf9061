// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
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
    if (revoked_.contains(term)) return false;
    granted_ = term;
    return true;
  }
  void on_revoke() { revoked_.insert(std::exchange(granted_, {})); }
  [[nodiscard]] bool holds(LeaderSessionId term) const { return term == granted_; }

private:
  LeaderSessionId granted_;
  std::set<LeaderSessionId> revoked_;  // all of them: an attempt may be later than the terms that follow
};

}  // namespace weir
