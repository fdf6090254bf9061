// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/scheduled_actor.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "base/tls_options.h"

namespace weir {

/// What a process needs to speak to actors of other processes.
struct RemotingOptions {
  /// How often each process of a pair shows the other that it lives, and after how long a silence the
  /// connection counts as broken. All processes of a cluster must agree: who expects what the other does not
  /// send, loses it.
  std::chrono::milliseconds heartbeat_interval{1000};
  std::chrono::milliseconds silence{10000};
  std::chrono::milliseconds ask_timeout{10000};
  std::optional<TlsOptions> tls;  // none: in clear
};

/// How the actors of a process are run. CAF's own command line and files stay out of it: nothing is ever
/// parsed.
///
/// Threads: the system that is made of it must end on the thread that made it, when no handle is left
///          elsewhere.
class ActorSystemConfig : public caf::actor_system_config {
public:
  enum class Scheduling {
    Threads,  // two threads share one queue
    ByTest,   // nothing runs until the test says so, and time is the test's
  };
  explicit ActorSystemConfig(Scheduling scheduling = Scheduling::Threads);
  /// For a system that speaks to others.
  explicit ActorSystemConfig(const RemotingOptions& remoting);
};

/// A call into an actor system from a thread that is not its own. CAF notes in every thread that starts an
/// actor or waits as one which system that was, and the end of the system waits until the thread forgets: at
/// its own end, or at the end of its visit.
///
/// Order: made before, and so ended after, whatever the visit makes.
class Visit {
public:
  Visit() = default;
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
};

/// How long an actor waits for the answer of another before it goes on without.
[[nodiscard]] std::chrono::milliseconds ask_timeout(const caf::local_actor& self);

/// What went wrong with the mail itself, as an error of ours: no answer in the time waited, or nobody there.
[[nodiscard]] Error mail_error(const caf::error& cause, const std::string& request,
                               std::chrono::milliseconds waited);
/// The same for who waited ask_timeout().
[[nodiscard]] Error mail_error(const caf::local_actor& self, const caf::error& cause,
                               const std::string& request);

/// What every actor of ours does: a message that it does not understand is logged and dropped, and an
/// exception in a handler is logged before it ends the actor.
void guard(caf::scheduled_actor& self, const std::string& name);

/// The time by which actors schedule: the machine's, or the test's.
[[nodiscard]] TimePoint now_of(const caf::scheduled_actor& self);

}  // namespace weir
