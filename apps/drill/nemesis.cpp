// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/nemesis.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <utility>

namespace weir::drill {

namespace {

constexpr Duration kPatience = 20s;
constexpr Duration kLookInterval = 100ms;
constexpr const char* kGranted = "Was granted leadership";
constexpr auto kErr = Process::Stream::Err;

Error unable(std::string what) {
  return {ErrorCode::NotFound, std::move(what), Blame::Environment, Retry::Later};
}

Status nothing_to_heal() { return Status::ok(); }

}  // namespace

Injection Nemesis::injected(std::string target, std::function<Status()> heal) const {
  const TimePoint now = std::chrono::steady_clock::now();
  const History history = stage_.recorder.history();
  Injection made{.target = std::move(target), .epoch = {}, .checkpoint = history.highest_checkpoint(),
                 .at = now, .heal = std::move(heal)};
  for (const LeaderSeen& seen : history.leaders) made.epoch = std::max(made.epoch, seen.epoch);
  return made;
}

Result<Injection> Nemesis::inject(Fault fault) {
  auto made = [&]() -> Injected {
    if (kind_of(fault).cuts) return cut(fault);
    switch (fault) {
      case Fault::StandbyKill:
      case Fault::StandbyFreeze:
      case Fault::StandbyJoin: return standby_fault(fault);
      case Fault::TaskManagerKill:
      case Fault::TaskManagerFreeze:
      case Fault::TaskManagerFreezeLong:
      case Fault::AllTaskManagersKill:
      case Fault::TaskThrows: return task_manager_fault(fault);
      case Fault::SubmitterKill:
      case Fault::ClientKill: return client_fault(fault);
      case Fault::ZooKeeperFollowerKill:
      case Fault::ZooKeeperLeaderKill:
      case Fault::ZooKeeperLeaderFreeze:
      case Fault::QuorumLost1s:
      case Fault::QuorumLost10s:
      case Fault::QuorumLost60s:
      case Fault::SessionExpiry: return zookeeper_fault(fault);
      default: return leader_fault(fault);
    }
  }();
  if (made) made->fault = fault;
  return made;
}

Result<Node*> Nemesis::leader() const {
  std::string address;
  const bool is_led = stage_.recorder.await(
      [&](const History& history) {
        if (!history.leaders.empty()) address = history.leaders.back().address;
        return stage_.cluster.job_manager_at(address) != nullptr;
      },
      kPatience);
  if (!is_led) return unable("nobody leads");
  return stage_.cluster.job_manager_at(address);
}

Result<Node*> Nemesis::standby() {
  const auto leads = leader();
  if (!leads) return leads.error();
  Nodes others;
  for (Node& node : stage_.cluster.job_managers())
    if (node.is_alive() && &node != *leads) others.push_back(&node);
  if (others.empty()) return unable("nobody stands by");
  return others[random_() % others.size()];
}

Result<Nemesis::Nodes> Nemesis::busy() const {
  // Amid a restart there is none for a moment.
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const auto job = stage_.job.look();
    if (!job) return job.error();
    std::set<Node*> found;
    for (const std::string& address : job->data_addresses)
      if (Node* node = stage_.cluster.task_manager_at(address)) found.insert(node);
    if (!found.empty()) return Nodes(found.begin(), found.end());
    if (std::chrono::steady_clock::now() > deadline) return unable("no TaskManager has tasks of the job");
    stage_.recorder.pass(kLookInterval);
  }
}

Nemesis::Injected Nemesis::leader_fault(Fault fault) {
  if (fault == Fault::AllJobManagersKill) return kill_all_job_managers();
  const auto leads = leader();
  if (!leads) return leads.error();
  Node& node = **leads;
  if (fault == Fault::LeaderKillTwice) return kill_leader_twice(node);
  if (fault == Fault::LeaderFreeze || fault == Fault::LeaderPause) return freeze_leader(node);
  node.signal(SIGKILL);
  return injected(node.name, [&node, this] { return stage_.cluster.await_restart(node); });
}

Nemesis::Injected Nemesis::freeze_leader(Node& leader) {
  leader.signal(SIGSTOP);
  Injection made = injected(leader.name, {});
  made.heal = [this, &leader, made] {
    leader.signal(SIGCONT);
    speak_for_deposed(made);
    return stage_.cluster.await_restart(leader);
  };
  return made;
}

Nemesis::Injected Nemesis::kill_all_job_managers() {
  const std::size_t wanted = stage_.cluster.job_managers().size();
  for (Node& node : stage_.cluster.job_managers())
    node.process->signal(SIGKILL);  // guardians; children go along
  for (Node& node : stage_.cluster.job_managers()) (void)node.process->await_end(kPatience);
  return injected("all", [this, wanted] {
    for (std::size_t i = 0; i < wanted; ++i)
      if (Status started = stage_.cluster.start_job_manager(); !started) return started;
    return Status::ok();
  });
}

Nemesis::Injected Nemesis::kill_leader_twice(Node& first) {
  const auto grants_of = [](const Node& node) { return node.process->lines_with(kGranted, kErr).size(); };
  std::vector<std::size_t> before;
  for (const Node& node : stage_.cluster.job_managers()) before.push_back(grants_of(node));
  first.signal(SIGKILL);
  Node* second = nullptr;
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  while (second == nullptr && std::chrono::steady_clock::now() < deadline) {
    stage_.recorder.pass(1ms);
    for (std::size_t i = 0; i < before.size(); ++i)
      if (grants_of(stage_.cluster.job_managers()[i]) > before[i]) second = &stage_.cluster.job_managers()[i];
  }
  if (second == nullptr) return unable("nobody was elected in place of the first");
  second->signal(SIGKILL);
  return injected(first.name + ", " + second->name, [this, &first, second] {
    if (Status restarted = stage_.cluster.await_restart(first); !restarted) return restarted;
    return stage_.cluster.await_restart(*second);
  });
}

Nemesis::Injected Nemesis::standby_fault(Fault fault) {
  if (fault == Fault::StandbyJoin) {
    if (Status joined = stage_.cluster.start_job_manager(); !joined) return joined.error();
    return injected(stage_.cluster.job_managers().back().name, nothing_to_heal);
  }
  const auto found = standby();
  if (!found) return found.error();
  Node& node = **found;
  node.signal(fault == Fault::StandbyKill ? SIGKILL : SIGSTOP);
  return injected(node.name, [this, &node] {
    node.signal(SIGCONT);
    return stage_.cluster.await_restart(node);
  });
}

Nemesis::Injected Nemesis::task_manager_fault(Fault fault) {
  if (fault == Fault::AllTaskManagersKill) return kill_all_task_managers();
  if (fault == Fault::TaskThrows) return throw_in_task();
  const auto victims = busy();
  if (!victims) return victims.error();
  Node& victim = *(*victims)[random_() % victims->size()];
  if (fault != Fault::TaskManagerKill) return freeze_task_manager(victim);
  victim.signal(SIGKILL);
  return injected(victim.name, [this] { return stage_.cluster.start_task_manager(); });
}

Nemesis::Injected Nemesis::freeze_task_manager(Node& victim) {
  victim.signal(SIGSTOP);
  return injected(victim.name, [&victim] {
    victim.signal(SIGCONT);
    return Status::ok();
  });
}

Nemesis::Injected Nemesis::kill_all_task_managers() {
  std::size_t killed = 0;
  for (Node& node : stage_.cluster.task_managers()) {
    if (!node.is_alive()) continue;
    node.signal(SIGKILL);
    ++killed;
  }
  return injected("all", [this, killed]() -> Status {
    // It waits, and says for what; it does not fail.
    const auto job = stage_.job.look();
    if (!job) return job.error();
    stage_.recorder.note("without TaskManagers the job is " + job->state);
    if (job->state == "FAILED" || job->state == "FINISHED")
      return unable("without TaskManagers the job is " + job->state + "; it was to wait for slots");
    for (std::size_t i = 0; i < killed; ++i)
      if (Status started = stage_.cluster.start_task_manager(); !started) return started;
    return Status::ok();
  });
}

Nemesis::Injected Nemesis::throw_in_task() {
  std::ofstream(stage_.job.throw_file()) << "now";
  return injected("a source", [this]() -> Status {
    if (stage_.job.client().await_line("thrown because ", kPatience, kErr)) return Status::ok();
    return unable("the client was not told what the task had thrown");
  });
}

Nemesis::Injected Nemesis::client_fault(Fault fault) {
  if (fault == Fault::SubmitterKill) return kill_submitter();
  stage_.job.client().signal(SIGKILL);
  (void)stage_.job.client().await_end(kPatience);
  return injected("client", nothing_to_heal);
}

Nemesis::Injected Nemesis::kill_submitter() {
  auto options = stage_.job.options();
  options.folder += "/second";
  const std::string id = JobId::random().hex();
  std::vector<std::string> submission{"--jobId", id, "--detached"};
  const auto words = JobRun::words_of(options);
  submission.insert(submission.end(), words.begin(), words.end());
  auto command = stage_.cluster.words("run");
  command.insert(command.end(), submission.begin(), submission.end());
  {
    Process submitter(std::move(command));
    stage_.recorder.pass(std::chrono::milliseconds(random_() % 400));
    submitter.signal(SIGKILL);
  }
  return injected("submitter", [this, id, submission] { return submit_again(id, submission); });
}

/// Whoever does not know whether his job was taken in submits it again, and there is one.
Status Nemesis::submit_again(const std::string& id, const std::vector<std::string>& submission) {
  const auto others = [&] {
    auto jobs = jobs_of(stage_.cluster.weir("list", {"--output", "json"}).out);
    std::erase(jobs, stage_.job.id().hex());
    return jobs;
  };
  const std::size_t before = others().size();
  const Finished again = stage_.cluster.weir("run", submission);
  const auto jobs = others();
  stage_.recorder.note("of a job whose submitter was killed there were " + std::to_string(before) +
                       ", and when it was submitted again " + std::to_string(jobs.size()));
  if (again.end != ProcessEnd{.code = 0}) return unable("it could not be submitted again: " + again.err);
  if (jobs != std::vector{id}) return unable("one job that was submitted twice made other jobs than that");
  const Finished cancelled = stage_.cluster.weir("cancel", {id});
  return cancelled.end == ProcessEnd{.code = 0} ? Status::ok() : unable(cancelled.err);
}

}  // namespace weir::drill
