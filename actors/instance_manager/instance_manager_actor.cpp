// SPDX-License-Identifier: Apache-2.0
#include "actors/instance_manager/instance_manager_actor.h"

#include <caf/delegated.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "actors/system/actor_system.h"
#include "actors/system/fence.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr const char* kName = "InstanceManager";

class InstanceManagerState : public InstanceOutbox {
public:
  static inline const char* name = kName;
  using Self = InstanceManagerActor::stateful_pointer<InstanceManagerState>;

  InstanceManagerActor::behavior_type start(Self self, InstanceManager::Options options,
                                            InstanceListener listener);

  void joined(const TaskManagerJoined& mail) override;
  void lost(const TaskManagerLost& mail) override;
  void dismiss(const Disconnect& mail) override;
  void wake_after(Duration delay) override;

private:
  RegistrationReply on_register(LeaderSessionId session, const RegisterTaskManager& mail,
                                const TaskManagerGateway& sender);
  HeartbeatReply on_heartbeat(LeaderSessionId session, const Heartbeat& mail);
  [[nodiscard]] InstanceList list() const;
  void on_down(const caf::down_msg& down);
  void revoke();

  Self self_ = nullptr;
  Fence fence_;
  std::optional<InstanceManager> logic_;
  InstanceListener listener_;
  TaskManagerGateway registering_;  // whose request is being handled
  std::map<InstanceId, TaskManagerGateway> handles_;
};

InstanceManagerActor::behavior_type InstanceManagerState::start(Self self, InstanceManager::Options options,
                                                                InstanceListener listener) {
  self_ = self;
  listener_ = std::move(listener);
  logic_.emplace(options, *this);
  guard(*self, kName);
  self->set_down_handler([this](caf::down_msg& down) { on_down(down); });
  return {
      [this](const GrantLeadership& mail) { fence_.open(mail.session); },
      [this](RevokeLeadership) { revoke(); },
      [this](LeaderSessionId session, const RegisterTaskManager& mail, const TaskManagerGateway& sender) {
        return on_register(session, mail, sender);
      },
      [this](LeaderSessionId session, const Heartbeat& mail) { return on_heartbeat(session, mail); },
      [this](LeaderSessionId session, const Disconnect& mail) {
        if (fence_.admits(session)) logic_->on_left(mail.instance, mail.reason);
      },
      [this](RequestInstances) { return list(); },
      [this](Tick) { logic_->on_tick(now_of(*self_)); },
  };
}

RegistrationReply InstanceManagerState::on_register(LeaderSessionId session, const RegisterTaskManager& mail,
                                                    const TaskManagerGateway& sender) {
  if (!fence_.admits(session))
    return {.kind = RegistrationReply::Kind::Refused,
            .instance = {},
            .reason = "this JobManager does not lead now",
            .access = {}};
  registering_ = sender;
  RegistrationReply reply = logic_->on_register(mail, now_of(*self_));
  registering_ = nullptr;
  if (reply.kind == RegistrationReply::Kind::Refused)
    log::warn(kName, "Refused TaskManager " + mail.id.hex() + ": " + reply.reason);
  return reply;
}

HeartbeatReply InstanceManagerState::on_heartbeat(LeaderSessionId session, const Heartbeat& mail) {
  // One that was given up and lives must hear of it, else it would beat on without ever getting work.
  if (!fence_.admits(session)) return {.known = false, .leads = false};
  return {.known = logic_->on_heartbeat(mail.instance, now_of(*self_))};
}

InstanceList InstanceManagerState::list() const {
  InstanceList list = logic_->list(now_of(*self_));
  list.refused += fence_.refused();
  return list;
}

void InstanceManagerState::on_down(const caf::down_msg& down) {
  for (const auto& [instance, handle] : handles_) {
    if (handle.address() != down.source) continue;
    const InstanceId id = instance;  // the entry goes away with it
    if (down.reason == caf::exit_reason::user_shutdown) return logic_->on_left(id, "it was shut down");
    return logic_->on_down(id, "the connection to it was lost");
  }
}

void InstanceManagerState::revoke() {
  logic_->dismiss_all("the JobManager lost its leadership");
  fence_.close();
}

void InstanceManagerState::joined(const TaskManagerJoined& mail) {
  log::info(kName, "Registered TaskManager " + mail.task_manager.id.hex() + " (" +
                       mail.task_manager.data_address + ") with " + std::to_string(mail.task_manager.slots) +
                       " slots");
  handles_[mail.instance] = registering_;
  self_->monitor(registering_);
  caf::anon_send(listener_, fence_.session(), mail, registering_);
}

void InstanceManagerState::lost(const TaskManagerLost& mail) {
  caf::anon_send(listener_, fence_.session(), mail);
}

void InstanceManagerState::dismiss(const Disconnect& mail) {
  const auto node = handles_.extract(mail.instance);
  self_->demonitor(node.mapped().address());
  caf::anon_send(node.mapped(), fence_.session(), mail);
}

void InstanceManagerState::wake_after(Duration delay) { self_->delayed_send(self_, delay, Tick{}); }

}  // namespace

InstanceManagerActor spawn_instance_manager(caf::actor_system& system, InstanceManager::Options options,
                                            InstanceListener listener) {
  using Self = InstanceManagerActor::stateful_pointer<InstanceManagerState>;
  return system.spawn([](Self self, InstanceManager::Options chosen,
                         const InstanceListener& told) { return self->state.start(self, chosen, told); },
                      options, listener);
}

}  // namespace weir
