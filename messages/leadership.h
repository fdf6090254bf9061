// SPDX-License-Identifier: Apache-2.0
// What the election says to the contender, and the retrieval to those who follow. Plain values.
#pragma once

#include <string>

#include "base/ids.h"

namespace weir {

/// You lead from now on. Whatever you send carries this session.
struct GrantLeadership {
  LeaderSessionId session;
  bool operator==(const GrantLeadership&) const = default;
};

/// You lead no longer. Another may already.
struct RevokeLeadership {
  bool operator==(const RevokeLeadership&) const = default;
};

/// There is a leader; its handle travels beside.
struct NewLeader {
  LeaderSessionId session;
  bool operator==(const NewLeader&) const = default;
};

/// The leader is gone, and no other is known yet.
struct LeaderLost {
  std::string reason;
  bool operator==(const LeaderLost&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, GrantLeadership& x) {
  return f(x.session);
}
template <class F>
typename F::result_type inspect(F& f, RevokeLeadership&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, NewLeader& x) {
  return f(x.session);
}
template <class F>
typename F::result_type inspect(F& f, LeaderLost& x) {
  return f(x.reason);
}

}  // namespace weir
