// SPDX-License-Identifier: Apache-2.0
#include "actors/checkpoint_coordinator/checkpoint_keeper_actor.h"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

#include "actors/system/actor_system.h"

namespace weir {

namespace {

class CheckpointKeeperState {
public:
  static inline const char* name = "CheckpointKeeper";
  using Self = CheckpointKeeperActor::stateful_pointer<CheckpointKeeperState>;

  CheckpointKeeperActor::behavior_type start(Self self, std::shared_ptr<CheckpointKeeper> keeper) {
    self_ = self;
    keeper_ = std::move(keeper);
    guard(*self, name);
    return {
        [this](const RecoverCheckpoints& mail) { recover(mail); },
        [this](const CheckFiles& mail) {
          answer(FilesChecked{Outcome::of(keeper_->check(mail.checkpoint))});
        },
        [this](const NextCheckpointId& mail) { next_id(mail); },
        [this](const WriteCheckpoint& mail) {
          const Status written = keeper_->write(mail.checkpoint, mail.may_be_restored);
          answer(CheckpointWritten{.id = mail.checkpoint.id, .outcome = Outcome::of(written)});
        },
        [this](const RemoveCheckpoint& mail) { keeper_->remove(mail.checkpoint, mail.files); },
        [this](const DiscardCheckpoint& mail) { keeper_->discard(mail.root, mail.directory, mail.files); },
        [this](SweepCheckpoints) { keeper_->sweep(); },
        [this](const CloseKeeper& mail) {
          if (mail.is_over) keeper_->close(mail.keeps_checkpoints);
          self_->quit();
        },
    };
  }

private:
  void recover(const RecoverCheckpoints& mail) {
    auto known = keeper_->recover(mail.restore_path);
    if (!known) return answer(RecoveredCheckpoints{.outcome = Outcome::refused(known.error())});
    answer(RecoveredCheckpoints{.outcome = Outcome::ok(), .checkpoints = *std::move(known)});
  }
  void next_id(const NextCheckpointId& mail) {
    const auto id = keeper_->next_id(mail.savepoint);
    if (!id) return answer(CheckpointIdReply{.outcome = Outcome::refused(id.error())});
    answer(CheckpointIdReply{.outcome = Outcome::ok(), .id = *id});
  }
  template <class Mail>
  void answer(Mail mail) {
    self_->send(caf::actor_cast<CheckpointCoordinatorActor>(self_->current_sender()), std::move(mail));
  }

  Self self_ = nullptr;
  std::shared_ptr<CheckpointKeeper> keeper_;
};

}  // namespace

CheckpointKeeperActor spawn_checkpoint_keeper(caf::actor_system& system,
                                              std::shared_ptr<CheckpointKeeper> keeper, bool has_files) {
  const auto start = [](CheckpointKeeperActor::stateful_pointer<CheckpointKeeperState> self,
                        const std::shared_ptr<CheckpointKeeper>& kept) {
    return self->state.start(self, kept);
  };
  return has_files ? system.spawn<caf::detached>(start, std::move(keeper))
                   : system.spawn(start, std::move(keeper));
}

}  // namespace weir
