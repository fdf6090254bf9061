// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/log.h"

namespace weir {

/// Lets through what was sent under the session that is valid now, and counts what was not: messages of a
/// leader that was deposed, or to one that is not elected yet. A closed fence lets nothing through. The first
/// of each session that is refused stands in the log.
///
/// Threads: none. One a skin.
class Fence {
public:
  Fence() = default;
  /// Logs as `who`.
  explicit Fence(std::string who) : who_(std::move(who)) {}

  void open(LeaderSessionId session) { session_ = session; }
  void close() { session_ = {}; }

  [[nodiscard]] bool admits(LeaderSessionId session) {
    if (!session.is_none() && session == session_) return true;
    ++refused_;
    if (session != refused_last_) tell_of(session);
    return false;
  }

  /// What to send under; none while closed.
  [[nodiscard]] LeaderSessionId session() const { return session_; }
  [[nodiscard]] bool is_open() const { return !session_.is_none(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
  void tell_of(LeaderSessionId session) {
    refused_last_ = session;
    if (who_.empty()) return;
    log::warn(who_, "Refuses what is sent under session " + session.hex() + ", which does not lead: " +
                        std::to_string(refused_) + " refused so far");
  }

  std::string who_;  // empty: nobody is told
  LeaderSessionId session_;
  LeaderSessionId refused_last_;
  std::uint64_t refused_ = 0;
};

}  // namespace weir
