// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/task_manager/library_cache.h"
#include "actors/task_manager/registration.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/tls_options.h"
#include "execution/task/worker.h"
#include "ha/zookeeper_options.h"

namespace weir {

/// All that runs in the process of a TaskManager: the machinery that runs tasks, and the actor that serves
/// whoever leads.
///
/// Threads: made and ended by one thread; ending waits for the tasks.
class TaskManagerProcess {
public:
  struct Options {
    std::string job_manager;  // "host:port"; not used with ZooKeeper
    std::optional<ZooKeeperOptions> zookeeper;  // none: there is one JobManager
    std::string host;         // under which peers reach this one; empty: the one it listens at
    Worker::Options worker;   // with a data port
    Registration::Options registration;
    Duration heartbeat_interval = 1s;
    Duration heartbeat_timeout = 5s;  // silence of the JobManager longer than this means that it is lost
    Duration ask_timeout = 10s;  // for an actor's answer
    Duration adoption_grace = Duration::zero();  // how long tasks run without a JobManager
    std::optional<TlsOptions> tls;
    LibraryCache::Options libraries;

    // What its owner hears, on threads that must not block. Each may be empty.
    std::function<void()> on_registered;
    /// Nobody took it in for so long that the process should end.
    std::function<void(const std::string& reason)> on_given_up;
    /// A task ignored its cancellation: its slot, and so the process, cannot be trusted any more.
    std::function<void(const std::string& reason)> on_stuck_task;
  };

  /// Returns before it is registered. Errors: one line that names what could not be opened.
  [[nodiscard]] static Result<std::unique_ptr<TaskManagerProcess>> start(Options options);
  ~TaskManagerProcess();

  [[nodiscard]] TaskManagerId id() const;
  /// "host:port"
  [[nodiscard]] const std::string& data_address() const;

private:
  struct State;
  explicit TaskManagerProcess(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace weir
