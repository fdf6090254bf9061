// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_keeper_actor.h"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

#include "actors/system/actor_system.h"
#include "ha/checkpoint_keeper.h"

namespace weir {

namespace {

class JobKeeperState {
public:
  static inline const char* name = "JobKeeper";

  JobKeeperActor::behavior_type start(JobKeeperActor::stateful_pointer<JobKeeperState> self,
                                      std::shared_ptr<JobStorage> storage) {
    storage_ = std::move(storage);
    guard(*self, name);
    return {
        [this](const KeepJob& mail) {
          return Outcome::of(storage_->jobs ? storage_->jobs->put(mail.graph) : Status::ok());
        },
        [this](const ForgetJob& mail) {
          return Outcome::of(storage_->jobs ? storage_->jobs->remove(mail.job) : Status::ok());
        },
        [this](const KeepRound& mail) {
          return Outcome::of(storage_->jobs ? storage_->jobs->put_round(mail.round) : Status::ok());
        },
        [this, self](RecoverJobs) {
          auto promise = self->make_response_promise<RecoveredJobs>();
          promise.deliver(recover());
          if (storage_->jobs) storage_->jobs->sweep();  // nobody needs to wait for it
          return promise;
        },
        [this](const DisposeSavepoint& mail) {
          return Outcome::of(dispose_savepoint(*storage_->files, mail.path));
        },
    };
  }

private:
  [[nodiscard]] RecoveredJobs recover() {
    if (!storage_->jobs) return {.outcome = Outcome::ok(), .jobs = {}, .rounds = {}};
    auto jobs = storage_->jobs->recover();
    if (!jobs) return {.outcome = Outcome::refused(jobs.error()), .jobs = {}, .rounds = {}};
    RecoveredJobs recovered{.outcome = Outcome::ok(), .jobs = *std::move(jobs), .rounds = {}};
    for (const JobGraph& job : recovered.jobs) {
      auto round = storage_->jobs->round_of(job.id);
      if (!round) return {.outcome = Outcome::refused(round.error()), .jobs = {}, .rounds = {}};
      recovered.rounds.push_back(*round);
    }
    return recovered;
  }

  std::shared_ptr<JobStorage> storage_;
};

}  // namespace

JobKeeperActor spawn_job_keeper(caf::actor_system& system, std::shared_ptr<JobStorage> storage,
                                bool has_thread) {
  const auto start = [](JobKeeperActor::stateful_pointer<JobKeeperState> self,
                        const std::shared_ptr<JobStorage>& kept) { return self->state.start(self, kept); };
  return has_thread ? system.spawn<caf::detached>(start, std::move(storage))
                    : system.spawn(start, std::move(storage));
}

}  // namespace weir
