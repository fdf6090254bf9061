// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace weir {

/// Lets through what was sent under the session that is valid now, and counts what was not: messages of a
/// leader that was deposed, or to one that is not elected yet. A closed fence lets nothing through.
///
/// Threads: none. One a skin.
class Fence {
public:
  void open(LeaderSessionId session) { session_ = session; }
  void close() { session_ = {}; }

  [[nodiscard]] bool admits(LeaderSessionId session) {
    if (!session.is_none() && session == session_) return true;
    ++refused_;
    return false;
  }

  /// What to send under; none while closed.
  [[nodiscard]] LeaderSessionId session() const { return session_; }
  [[nodiscard]] bool is_open() const { return !session_.is_none(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
  LeaderSessionId session_;
  std::uint64_t refused_ = 0;
};

}  // namespace weir
