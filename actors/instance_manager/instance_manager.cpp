// SPDX-License-Identifier: Apache-2.0
#include "actors/instance_manager/instance_manager.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "InstanceManager";

std::string millis_of(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

}  // namespace

RegistrationReply InstanceManager::on_register(const RegisterTaskManager& mail, TimePoint now) {
  if (mail.id.is_none())
    return {.kind = RegistrationReply::Kind::Refused, .instance = {}, .reason = "it has no id", .access = {}};
  if (mail.slots == 0)
    return {.kind = RegistrationReply::Kind::Refused,
            .instance = {},
            .reason = "it offers no slots",
            .access = {}};

  for (Instance& known : instances_) {
    if (known.task_manager.id != mail.id) continue;
    known.last_heard = now;
    return {.kind = RegistrationReply::Kind::AlreadyRegistered,
            .instance = known.id,
            .reason = {},
            .access = options_.access};
  }
  instances_.push_back({.id = InstanceId::random(), .task_manager = mail, .last_heard = now});
  instances_.back().task_manager.tasks.clear();  // whoever is told of them keeps them
  const InstanceId id = instances_.back().id;
  out_.joined({.instance = id, .task_manager = mail});
  wake_for_next_deadline(now);
  return {.kind = RegistrationReply::Kind::Acknowledged,
          .instance = id,
          .reason = {},
          .access = options_.access};
}

bool InstanceManager::on_heartbeat(InstanceId instance, TimePoint now) {
  Instance* known = find(instance);
  if (known == nullptr) {
    ++refused_;
    return false;
  }
  known->last_heard = now;
  return true;
}

void InstanceManager::on_left(InstanceId instance, const std::string& reason) {
  if (find(instance) == nullptr) return;
  log::info(kLogger, "TaskManager " + find(instance)->task_manager.id.hex() + " left: " + reason);
  bury(instance, reason);
}

void InstanceManager::on_down(InstanceId instance, const std::string& reason) {
  if (find(instance) == nullptr) return;
  log::warn(kLogger, "Lost TaskManager " + find(instance)->task_manager.id.hex() + ": " + reason);
  bury(instance, reason);
}

void InstanceManager::on_tick(TimePoint now) {
  wake_is_due_ = false;
  std::vector<InstanceId> silent;
  for (const Instance& known : instances_)
    if (now - known.last_heard > options_.heartbeat_timeout) silent.push_back(known.id);
  for (const InstanceId id : silent)
    on_down(id, "no heartbeat for more than " + millis_of(options_.heartbeat_timeout));
  wake_for_next_deadline(now);
}

void InstanceManager::dismiss_all(const std::string& reason) {
  for (const Instance& known : instances_)
    out_.dismiss({.instance = known.id, .reason = reason, .leads = false});
  instances_.clear();
}

InstanceList InstanceManager::list(TimePoint now) const {
  InstanceList list{.instances = {}, .refused = refused_};
  for (const Instance& known : instances_)
    list.instances.push_back(
        {.instance = known.id,
         .task_manager = known.task_manager,
         .since_heartbeat = std::chrono::duration_cast<std::chrono::milliseconds>(now - known.last_heard)});
  return list;
}

InstanceManager::Instance* InstanceManager::find(InstanceId instance) {
  const auto it =
      std::find_if(instances_.begin(), instances_.end(), [&](auto& known) { return known.id == instance; });
  return it == instances_.end() ? nullptr : &*it;
}

void InstanceManager::wake_for_next_deadline(TimePoint now) {
  if (wake_is_due_ || instances_.empty()) return;
  const auto by_silence = [](const Instance& a, const Instance& b) { return a.last_heard < b.last_heard; };
  const Instance& quietest = *std::min_element(instances_.begin(), instances_.end(), by_silence);
  // One millisecond later than due, so that "longer than the time-out" has come true when we look.
  out_.wake_after(quietest.last_heard + options_.heartbeat_timeout + 1ms - now);
  wake_is_due_ = true;
}

void InstanceManager::bury(InstanceId instance, const std::string& reason) {
  const TaskManagerId task_manager = find(instance)->task_manager.id;
  std::erase_if(instances_, [&](const Instance& known) { return known.id == instance; });
  out_.dismiss({.instance = instance, .reason = reason});
  out_.lost({.task_manager = task_manager, .reason = reason});
}

}  // namespace weir
