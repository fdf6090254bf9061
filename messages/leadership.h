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

/// Tell me when you lead and take work.
struct AwaitLeadership {
  bool operator==(const AwaitLeadership&) const = default;
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

/// The retrieval knows where the leader is; nobody spoke to it yet.
struct LeaderAt {
  std::string address;  // "host:port"; empty: there is no leader
  LeaderSessionId session;
  bool operator==(const LeaderAt&) const = default;
};

/// Who leads? Answered as soon as there is a leader.
struct RequestLeader {
  bool operator==(const RequestLeader&) const = default;
};

/// Tell me of the leader, and each time that it changes.
struct FollowLeader {
  bool operator==(const FollowLeader&) const = default;
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
typename F::result_type inspect(F& f, AwaitLeadership&) {
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
template <class F>
typename F::result_type inspect(F& f, LeaderAt& x) {
  return f(x.address, x.session);
}
template <class F>
typename F::result_type inspect(F& f, RequestLeader&) {
  return f();
}
template <class F>
typename F::result_type inspect(F& f, FollowLeader&) {
  return f();
}

}  // namespace weir
