// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_coordinators_actor.h"

#include <string>
#include <utility>

#include "actors/checkpoint_coordinator/checkpoint_coordinator_actor.h"
#include "actors/checkpoint_coordinator/checkpoint_keeper_actor.h"

namespace weir {

namespace {

/// The keeper of one job, and what it stands on.
struct KeptJob {
  KeptJob(std::shared_ptr<JobStorage> stands_on, JobId job, const std::string& root)
      : storage(std::move(stands_on)),
        keeper(*storage->files, storage->checkpoints->open(job, root), root) {}

  const std::shared_ptr<JobStorage> storage;
  CheckpointKeeper keeper;
};

std::string root_of(const JobGraph& job) {
  const std::string& directory = job.checkpoints.directory;
  return directory.empty() ? directory : directory + "/" + job.id.hex();
}

}  // namespace

CheckpointCoordinatorActor JobCoordinators::find(JobId job) const {
  const auto it = coordinators_.find(job);
  return it == coordinators_.end() ? CheckpointCoordinatorActor() : it->second;
}

void JobCoordinators::request_restore(const JobGraph& job, std::uint64_t number,
                                      const std::vector<CheckpointedVertex>& vertices) {
  if (!find(job.id)) coordinators_.emplace(job.id, start(job));
  tell(job.id, RequestRestore{.number = number, .vertices = vertices});
}

CheckpointCoordinatorActor JobCoordinators::start(const JobGraph& job) {
  const std::string root = root_of(job);
  const auto kept = std::make_shared<KeptJob>(storage_, job.id, root);
  // A savepoint is read from the disk even for a job that writes nothing there.
  const bool has_files = !root.empty() || !job.restore.path.empty() || !defaults_.savepoint_directory.empty();
  const CheckpointKeeperActor keeper = spawn_checkpoint_keeper(
      owner_->system(), std::shared_ptr<CheckpointKeeper>(kept, &kept->keeper), has_files);
  CoordinatedJobOptions options{.job = {.coordinator = {.job = job.id,
                                                        .settings = job.checkpoints,
                                                        .retained = defaults_.retained_checkpoints,
                                                        .root = root},
                                        .restore = job.restore,
                                        .savepoint_directory = defaults_.savepoint_directory},
                                .session = session_,
                                .job_manager = caf::actor_cast<JobManagerActor>(owner_)};
  const auto coordinator = spawn_checkpoint_coordinator(owner_->system(), std::move(options), keeper);
  owner_->link_to(coordinator);
  return coordinator;
}

CheckpointCoordinatorActor JobCoordinators::release(JobId job) {
  auto released = coordinators_.extract(job);
  return released.empty() ? CheckpointCoordinatorActor() : std::move(released.mapped());
}

}  // namespace weir
