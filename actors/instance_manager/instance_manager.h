// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "messages/worker.h"

namespace weir {

/// What the InstanceManager asks of the world. The actor sends mail; a test writes it down.
class InstanceOutbox {
public:
  virtual ~InstanceOutbox() = default;
  virtual void joined(const TaskManagerJoined& mail) = 0;
  virtual void lost(const TaskManagerLost& mail) = 0;
  /// Tells the TaskManager that it is no longer registered, and forgets its handle.
  virtual void dismiss(const Disconnect& mail) = 0;
  /// Call on_tick() then. There is never more than one under way.
  virtual void wake_after(Duration delay) = 0;
};

/// Knows which TaskManagers are registered, and notices when one is gone.
///
///     unknown -> alive -> dead (silent, gone or of its own will) -> may register anew, as another instance
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call and never goes back.
/// Errors:  a refusal is a reply. Nothing here fails otherwise.
class InstanceManager {
public:
  struct Options {
    Duration heartbeat_timeout = 50s;  // silence longer than this means dead
    ClusterAccess access;              // handed to whoever is taken in
    bool operator==(const Options&) const = default;
  };

  InstanceManager(Options options, InstanceOutbox& out) : options_(options), out_(out) {}

  /// Asking twice is no error: an answer may have been lost.
  [[nodiscard]] RegistrationReply on_register(const RegisterTaskManager& mail, TimePoint now);
  /// False: there is no such instance (any more), and the TaskManager should register anew.
  [[nodiscard]] bool on_heartbeat(InstanceId instance, TimePoint now);
  /// The TaskManager left of its own will. Nothing happens if it is not registered.
  void on_left(InstanceId instance, const std::string& reason);
  /// The connection to it broke. Nothing happens if it is not registered.
  void on_down(InstanceId instance, const std::string& reason);
  void on_tick(TimePoint now);
  /// Leadership was lost: everyone is dismissed. The JobManager knows already.
  void dismiss_all(const std::string& reason);

  /// Whoever is registered, and how many messages of others were refused.
  [[nodiscard]] InstanceList list(TimePoint now) const;

private:
  struct Instance {
    InstanceId id;
    RegisterTaskManager task_manager;
    TimePoint last_heard;
  };

  [[nodiscard]] Instance* find(InstanceId instance);
  void bury(InstanceId instance, const std::string& reason);
  void wake_for_next_deadline(TimePoint now);

  const Options options_;
  InstanceOutbox& out_;              // outlives this
  std::vector<Instance> instances_;  // alive, in the order in which they joined
  bool wake_is_due_ = false;         // a wake_after() is under way
  std::uint64_t refused_ = 0;        // heartbeats of those that were given up
};

}  // namespace weir
