// SPDX-License-Identifier: Apache-2.0
#include "graph/failover.h"

#include <deque>

namespace weir {
namespace {

class NeverRestart final : public RestartStrategy {
public:
  std::optional<Duration> on_failure(WallTime) override { return std::nullopt; }
};

class FixedDelayRestart final : public RestartStrategy {
public:
  FixedDelayRestart(std::uint32_t attempts, Duration delay) : attempts_(attempts), delay_(delay) {}

  std::optional<Duration> on_failure(WallTime) override {
    if (attempts_ == 0) return std::nullopt;
    if (attempts_ != RestartOptions::kUnlimited) --attempts_;
    return delay_;
  }

private:
  std::uint32_t attempts_;  // that are left
  const Duration delay_;
};

class FailureRateRestart final : public RestartStrategy {
public:
  FailureRateRestart(std::uint32_t attempts, Duration interval, Duration delay)
      : attempts_(attempts), interval_(interval), delay_(delay) {}

  std::optional<Duration> on_failure(WallTime now) override {
    while (!restarts_.empty() && now - restarts_.front() > interval_) restarts_.pop_front();
    if (restarts_.size() >= attempts_) return std::nullopt;
    restarts_.push_back(now);
    return delay_;
  }

private:
  const std::uint32_t attempts_;
  const Duration interval_;
  const Duration delay_;
  std::deque<WallTime> restarts_;  // within the last interval, oldest first
};

}  // namespace

std::unique_ptr<RestartStrategy> make_restart_strategy(const RestartOptions& options) {
  switch (options.kind) {
    case RestartOptions::Kind::FixedDelay:
      return std::make_unique<FixedDelayRestart>(options.attempts, options.delay);
    case RestartOptions::Kind::FailureRate:
      return std::make_unique<FailureRateRestart>(options.attempts, options.interval, options.delay);
    case RestartOptions::Kind::None:
    case RestartOptions::Kind::Fallback: break;
  }
  return std::make_unique<NeverRestart>();
}

}  // namespace weir
