// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "ha/ports.h"

namespace weir {

/// The session of a cluster with a single JobManager. Fixed, so that a TaskManager needs nobody to tell it.
inline constexpr LeaderSessionId kStandaloneSession{.high = 0, .low = 1};

/// The election of a cluster with one candidate: it wins at once and for good.
class StandaloneLeaderElection final : public LeaderElection {
public:
  void start(LeaderContender& contender) override;
  void confirm(LeaderSessionId session, const std::string& address) override;
  void stop() override;

private:
  LeaderContender* contender_ = nullptr;  // null: not started, or stopped
};

/// Knows the one JobManager from the configuration.
class StandaloneLeaderRetrieval final : public LeaderRetrieval {
public:
  explicit StandaloneLeaderRetrieval(std::string address, LeaderSessionId session = kStandaloneSession)
      : address_(std::move(address)), session_(session) {}

  void start(LeaderListener& listener) override;
  void stop() override {}

private:
  const std::string address_;
  const LeaderSessionId session_;
};

}  // namespace weir
