// SPDX-License-Identifier: Apache-2.0
#include "actors/archivist/archivist_actor.h"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>

#include "actors/system/actor_system.h"

namespace weir {

namespace {

class ArchivistState {
public:
  static inline const char* name = "MemoryArchivist";

  ArchivistActor::behavior_type start(ArchivistActor::stateful_pointer<ArchivistState> self,
                                      std::size_t capacity) {
    logic_.emplace(capacity);
    guard(*self, name);
    return {
        [this](const ArchiveJob& mail) { logic_->archive(mail.details); },
        [this](const RequestJobDetails& mail) -> JobDetailsReply {
          const JobDetails* job = logic_->find(mail.job);
          if (job == nullptr) return {.outcome = no_such_job(mail.job), .details = {}};
          return {.outcome = Outcome::ok(), .details = *job};
        },
        [this](const RequestJobStatus& mail) -> JobStatusReply {
          const JobDetails* job = logic_->find(mail.job);
          if (job == nullptr) return {.outcome = no_such_job(mail.job), .status = JobStatus::Created};
          return {.outcome = Outcome::ok(), .status = job->status};
        },
        [this](RequestArchive) { return logic_->overview(); },
    };
  }

private:
  std::optional<MemoryArchivist> logic_;
};

}  // namespace

ArchivistActor spawn_archivist(caf::actor_system& system, std::size_t capacity) {
  return system.spawn([](ArchivistActor::stateful_pointer<ArchivistState> self,
                         std::size_t jobs) { return self->state.start(self, jobs); },
                      capacity);
}

}  // namespace weir
