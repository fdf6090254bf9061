// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/time.h"

namespace weir {

/// Decides whether a job that failed is started anew, and when. A port: a user may bring his own.
///
/// Time:    reads no clock; `now` comes with the call.
/// Life:    one a job, as long as its ExecutionGraph: another leader's counts start anew.
class RestartStrategy {
public:
  virtual ~RestartStrategy() = default;

  /// The job failed. The delay until it shall be started anew, or nothing: it stays failed.
  [[nodiscard]] virtual std::optional<Duration> on_failure(WallTime now) = 0;
};

/// Which of the strategies below, with its numbers. Data only: it may travel in a message.
struct RestartOptions {
  enum class Kind : std::uint8_t {
    None,         // a failed job stays failed
    FixedDelay,   // at most `attempts` restarts in the life of the job, `delay` after each failure
    FailureRate,  // as long as no `attempts` restarts lie within the last `interval`
    Fallback,     // of a job: as the cluster says; of a cluster: none
  };
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  Kind kind = Kind::None;
  std::uint32_t attempts = 1;
  Duration delay = 1s;
  Duration interval = 1min;  // FailureRate only
  bool operator==(const RestartOptions&) const = default;
};

// The strategies as a program names them: env.restart_strategy(FixedDelay{.attempts = 3, .delay = 1s}).

struct NoRestart {
  operator RestartOptions() const { return {.kind = RestartOptions::Kind::None}; }
};
struct FixedDelay {
  std::uint32_t attempts = 1;  // or RestartOptions::kUnlimited
  Duration delay = 1s;
  operator RestartOptions() const {
    return {.kind = RestartOptions::Kind::FixedDelay, .attempts = attempts, .delay = delay};
  }
};
struct FailureRate {
  std::uint32_t attempts = 1;
  Duration interval = 1min;
  Duration delay = 1s;
  operator RestartOptions() const {
    return {.kind = RestartOptions::Kind::FailureRate,
            .attempts = attempts,
            .delay = delay,
            .interval = interval};
  }
};

[[nodiscard]] std::unique_ptr<RestartStrategy> make_restart_strategy(const RestartOptions& options);

/// What a job asked for beats what the cluster says.
[[nodiscard]] inline const RestartOptions& chosen_restart(const RestartOptions& job,
                                                          const RestartOptions& cluster) {
  return job.kind == RestartOptions::Kind::Fallback ? cluster : job;
}

template <class F>
typename F::result_type inspect(F& f, RestartOptions& x) {
  return f(x.kind, x.attempts, x.delay, x.interval);
}

}  // namespace weir
