// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system.hpp>

#include <cstddef>
#include <functional>
#include <memory>

#include "actors/archivist/memory_archivist.h"
#include "actors/instance_manager/instance_manager.h"
#include "actors/job_manager/job_manager.h"
#include "actors/job_manager/library_keeper.h"
#include "ha/job_storage.h"
#include "messages/protocol.h"

namespace weir {

struct JobManagerOptions {
  JobManager::Options jobs;
  InstanceManager::Options instances;
  std::size_t archived_jobs = MemoryArchivist::kDefaultCapacity;
  LibraryKeeper* libraries = nullptr;  // outlives the actor; null: programs name the paths of their libraries
  std::shared_ptr<JobStorage> storage;  // null: files for checkpoints, and jobs are not kept
  /// Where each term of leadership keeps things by itself: opened when it begins. Empty: `storage`.
  std::function<std::shared_ptr<JobStorage>(LeaderSessionId)> open_storage;
  /// The jobs are known under this session, and mail is taken.
  std::function<void(LeaderSessionId)> on_leading = [](LeaderSessionId) {};
};

/// Starts a JobManager, and beside it the InstanceManager and the archivist that end with it. It refuses all
/// work until it was granted leadership and knows which jobs there are to go on with.
[[nodiscard]] JobManagerActor spawn_job_manager(caf::actor_system& system, JobManagerOptions options);

}  // namespace weir
