// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/task_manager.h"

#include <algorithm>

#include "base/log.h"

namespace weir {

namespace {
constexpr std::string_view kLogger = "TaskManager";

std::string seconds_of(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + " s";
}

}  // namespace

void TaskManager::on_new_leader(TimePoint now) {
  if (has_leader_) on_leader_lost("another JobManager leads now", now);
  has_leader_ = true;
  start_registration(now);
}

void TaskManager::start(TimePoint now) { wait_for_leader(now); }

void TaskManager::wait_for_leader(TimePoint now) {
  registration_.search(now);
  if (const auto due = registration_.due()) out_.wake_after(*due - now);
}

void TaskManager::on_leader_lost(const std::string& reason, TimePoint now) {
  if (!has_leader_) return;
  log::warn(kLogger, "Lost the JobManager: " + reason);
  has_leader_ = false;
  instance_ = {};
  tasks_.fail_all(reason);
  wait_for_leader(now);
}

void TaskManager::on_registration_reply(const RegistrationReply& reply, TimePoint now) {
  if (!registration_.on_reply(reply, now)) {
    if (const auto due = registration_.due()) out_.wake_after(*due - now);
    return;
  }
  instance_ = reply.instance;
  last_heard_ = now;
  tasks_.join_cluster(reply.access);
  log::info(kLogger, "Registered at the JobManager as instance " + instance_.hex());
  beat(now);
  out_.registered(instance_, reply.access);
}

void TaskManager::on_disconnect(const Disconnect& mail, TimePoint now) {
  if (mail.instance == instance_ && !instance_.is_none()) register_anew(mail.reason, now);
}

void TaskManager::on_heartbeat_reply(InstanceId instance, const HeartbeatReply& reply, TimePoint now) {
  if (instance != instance_ || instance_.is_none()) return;
  last_heard_ = now;
  if (!reply.known) register_anew("it is not registered any more", now);
}

void TaskManager::register_anew(const std::string& reason, TimePoint now) {
  log::warn(kLogger, "The JobManager ended the registration: " + reason);
  instance_ = {};
  tasks_.fail_all("the JobManager ended the registration of its TaskManager: " + reason);
  start_registration(now);
}

void TaskManager::on_tick(TimePoint now) {
  switch (registration_.poll(now)) {
    case Registration::Step::Ask:
      out_.register_at_leader(options_.self);
      out_.wake_after(*registration_.due() - now);
      return;
    case Registration::Step::GiveUp: out_.give_up("no JobManager took this TaskManager in"); return;
    case Registration::Step::Wait:
      if (!instance_.is_none() && now >= next_beat_) beat(now);
      return;
  }
}

void TaskManager::on_task_state(const TaskExecutionState& state) {
  // Without a leader nobody asks: the task was failed when the leader was lost.
  if (has_leader_) out_.report({.task = state});
}

void TaskManager::start_registration(TimePoint now) {
  registration_.start(now);
  on_tick(now);
}

void TaskManager::beat(TimePoint now) {
  if (now - last_heard_ > options_.heartbeat_timeout) {
    out_.leader_is_silent("the JobManager has not answered for " + seconds_of(now - last_heard_));
    return;
  }
  out_.heartbeat({.instance = instance_, .tasks = some_progress()});
  next_beat_ = now + options_.heartbeat_interval;
  out_.wake_after(options_.heartbeat_interval);
}

std::vector<TaskProgress> TaskManager::some_progress() {
  std::vector<TaskProgress> all = tasks_.progress();
  if (all.size() <= Heartbeat::kMostTasks) return all;
  std::ranges::sort(all, {}, &TaskProgress::attempt);
  const auto next = std::ranges::upper_bound(all, last_told_, {}, &TaskProgress::attempt);
  std::rotate(all.begin(), next, all.end());
  all.resize(Heartbeat::kMostTasks);
  last_told_ = all.back().attempt;
  return all;
}

}  // namespace weir
