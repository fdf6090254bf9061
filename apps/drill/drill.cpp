// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/drill.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "apps/drill/leftovers.h"
#include "apps/drill/report.h"

namespace weir::drill {

namespace {

constexpr Duration kPatience = 60s;
constexpr Duration kSoon = 10s;
constexpr std::size_t kWarmCommits = 4;
constexpr std::uint32_t kDeaths = 6;  // of a job that is broken on purpose, so that it shows
constexpr auto kErr = Process::Stream::Err;

TimePoint now() { return std::chrono::steady_clock::now(); }

bool is_over(const std::string& state) {
  return state == "FINISHED" || state == "FAILED" || state == "CANCELED";
}

std::string id_of(const Plan& plan) { return plan.name + "-" + std::to_string(plan.seed); }

}  // namespace

Drill::Drill(Setting setting, Network& network, Ensemble* zookeeper, Plan plan)
    : setting_(std::move(setting)),
      network_(network),
      zookeeper_(zookeeper),
      folder_(setting_.folder + "/" + id_of(plan)) {
  outcome_.plan = std::move(plan);
}

Drill::~Drill() {
  // Observers first: what they look at goes.
  nemesis_.reset();
  job_.reset();
  watch_.reset();
  observer_.reset();
  cluster_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Outcome Drill::run() {
  if (Status ready = prepare(); !ready) {
    outcome_.skipped = ready.error().what;
  } else {
    carry_out();
    await_recovery();
    end_job();
    judge();
  }
  write_report();
  return outcome_;
}

Status Drill::prepare() {
  if (Status possible = check_plan(); !possible) return possible;
  std::filesystem::create_directories(folder_);
  if (Status begun = begin_cluster(); !begun) return begun;
  if (Status begun = begin_observer(); !begun) return begun;
  return begin_job();
}

Status Drill::check_plan() const {
  const auto refused = [](const std::string& what) {
    return Error{ErrorCode::Refused, what, Blame::Environment, Retry::Never};
  };
  for (const Planned& planned : outcome_.plan.faults) {
    const FaultKind& kind = kind_of(planned.fault);
    if (setting_.own && !kind.is_for_any_cluster)
      return refused(std::string(kind.name) + " needs a cluster of the drill's own");
    if (kind.cuts && !network_.can_cut()) return refused(network_.why_whole());
  }
  return Status::ok();
}

Status Drill::begin_cluster() {
  Cluster::Options options{.id = id_of(outcome_.plan),
                           .folder = folder_,
                           .programs = setting_.programs,
                           .zookeeper = zookeeper_ == nullptr ? "" : zookeeper_->hosts(),
                           .job_managers = 3,
                           .task_managers = setting_.task_managers + (setting_.broken.empty() ? 0 : kDeaths),
                           .slots = 2,
                           .network = &network_};
  if (setting_.own) {
    options.id = setting_.own->id;
    options.zookeeper = setting_.own->zookeeper;
    options.job_manager = setting_.own->job_manager;
    cluster_ = Cluster::adopt(std::move(options), setting_.own->nodes);
    return Status::ok();
  }
  auto cluster = Cluster::start(std::move(options));
  if (!cluster) return cluster.error();
  cluster_ = *std::move(cluster);
  return Status::ok();
}

Status Drill::begin_observer() {
  const Cluster::Options& options = cluster_->options();
  if (options.zookeeper.empty()) {  // whoever is there leads
    recorder_.add(LeaderSeen{.epoch = 1, .address = options.job_manager, .at = now()});
    return Status::ok();
  }
  auto observer = Observer::start(options.zookeeper, options.id, recorder_);
  if (!observer) return observer.error();
  observer_ = *std::move(observer);
  return Status::ok();
}

Status Drill::begin_job() {
  uses_before_ = cluster_->uses();
  std::filesystem::create_directories(folder_ + "/job/out");
  auto watch = OutputWatch::start(folder_ + "/job/out", recorder_);
  if (!watch) return watch.error();
  watch_ = *std::move(watch);
  auto job = JobRun::start(*cluster_, {.folder = folder_ + "/job",
                                       .library = setting_.library,
                                       .seed = outcome_.plan.seed,
                                       .broken = setting_.broken,
                                       .deaths = setting_.broken.empty() ? 0 : kDeaths});
  if (!job) return job.error();
  job_ = *std::move(job);
  if (observer_) observer_->follow(job_->id());
  if (Status flows = await_output(kWarmCommits); !flows) return flows;
  const auto seen = job_->look();
  if (!seen) return seen.error();
  before_ = *seen;
  refused_before_ = refused_so_far();
  nemesis_ = std::make_unique<Nemesis>(
      Stage{*cluster_, zookeeper_, network_, observer_.get(), *job_, recorder_, refusals_},
      outcome_.plan.seed);
  return Status::ok();
}

Status Drill::await_output(std::size_t commits) {
  const bool flows = recorder_.await(
      [&](const History& history) { return history.outputs.size() >= commits && !history.leaders.empty(); },
      kPatience);
  if (flows) return Status::ok();
  return Error{ErrorCode::Timeout, "the job wrote nothing: " + job_->client().text(kErr), Blame::Environment,
               Retry::Later};
}

/// Each fault so long after the one before, and each healed so long after it was there: to bring one about
/// may take a while.
void Drill::carry_out() {
  const auto& plan = outcome_.plan.faults;
  outcome_.faults.resize(plan.size());
  injections_.resize(plan.size());
  std::multimap<TimePoint, std::size_t> heals;
  std::size_t next = 0;
  TimePoint next_at = now() + (plan.empty() ? Duration{} : plan.front().after);
  while (next < plan.size() || !heals.empty()) {
    if (next == plan.size() || (!heals.empty() && heals.begin()->first < next_at)) {
      const auto [at, index] = *heals.begin();
      heals.erase(heals.begin());
      recorder_.pass(at - now());
      heal(index);
      continue;
    }
    recorder_.pass(next_at - now());
    inject(next);
    heals.emplace(now() + plan[next].hold, next);
    if (++next < plan.size()) next_at = now() + plan[next].after;
  }
}

void Drill::inject(std::size_t index) {
  FaultTimes& times = outcome_.faults[index];
  times.fault = outcome_.plan.faults[index].fault;
  auto made = nemesis_->inject(times.fault);
  if (!made) {
    times.skipped = made.error().what;
    recorder_.note("skipped " + std::string(name_of(times.fault)) + ": " + times.skipped);
    return;
  }
  times.target = made->target;
  times.at = made->at;
  times.epoch = made->epoch;
  times.checkpoint = made->checkpoint;
  recorder_.note("injected " + std::string(name_of(times.fault)) + ": " + times.target);
  injections_[index] = *std::move(made);
}

void Drill::heal(std::size_t index) {
  FaultTimes& times = outcome_.faults[index];
  times.healed_checkpoint = recorder_.history().highest_checkpoint();
  times.healed = now();
  if (!injections_[index].heal) return;
  recorder_.note("heals " + std::string(name_of(times.fault)));
  const Status healed = injections_[index].heal();
  if (!healed) find({std::string(name_of(times.fault)) + ": " + healed.error().what});
}

/// Until output goes on that nothing of before the last fault can account for.
void Drill::await_recovery() {
  std::uint64_t highest = 0;
  TimePoint last{};
  for (const FaultTimes& fault : outcome_.faults) {
    const bool from_heal = kind_of(fault.fault).is_counted_from_heal;
    highest = std::max(highest, from_heal ? fault.healed_checkpoint : fault.checkpoint);
    last = std::max(last, from_heal ? fault.healed : fault.at);
  }
  (void)recorder_.await(
      [&](const History& history) {
        return std::ranges::any_of(history.outputs, [&](const OutputSeen& seen) {
          return seen.at > last && seen.checkpoint > highest + 1;
        });
      },
      kPatience);
  recorder_.pass(500ms);  // who comes back has time to do harm
  if (const auto seen = job_->look()) after_ = *seen;
  else find({"the job cannot be looked at: " + seen.error().what});
  // Another leader has counted from 0.
  const std::uint64_t refused = refused_so_far();
  refusals_.add(refused >= refused_before_ ? refused - refused_before_ : refused);
}

std::uint64_t Drill::refused_so_far() const {
  return refused_of(cluster_->weir("status", {"--output", "json"}).out);
}

bool Drill::has_client() const {
  return std::ranges::none_of(outcome_.faults, [](const FaultTimes& fault) {
    return fault.fault == Fault::ClientKill && fault.skipped.empty();
  });
}

void Drill::end_job() {
  job_->finish();
  if (has_client()) {
    const auto end = job_->client().await_end(kPatience);
    if (!end) find({"the client was not told that the job has ended"});
    else answers_.add_exit(end->code);
    while (job_->client().await_line("no such line", 1s, kErr)) {}
  }
  for (const auto stream : {Process::Stream::Out, kErr})
    for (const ProcessLine& line : job_->client().lines_with("", stream)) answers_.add_line(line.text);
  await_last_state();
  find(answers_.findings(has_client()));
}

void Drill::await_last_state() {
  const TimePoint deadline = now() + kPatience;
  Result<JobSeen> seen = job_->look();
  while (now() < deadline && (!seen || !is_over(seen->state))) {
    recorder_.pass(100ms);
    seen = job_->look();
  }
  if (seen) answers_.add_state(seen->state);
}

void Drill::judge() {
  const History history = recorder_.history();
  LeaderChecker leaders;
  for (const LeaderSeen& seen : history.leaders) leaders.add(seen);
  CheckpointChecker checkpoints;
  for (const CheckpointSeen& seen : history.checkpoints) checkpoints.add(seen);
  OutputChecker output;
  for (const OutputSeen& seen : history.outputs) output.add(seen);
  for (FaultTimes& fault : outcome_.faults) {
    if (!fault.skipped.empty()) continue;
    measure(fault, history, times_of_running());
    const FaultKind& kind = kind_of(fault.fault);
    if (kind.expects_refusal && outcome_.faults.size() == 1) refusals_.expect(std::string(kind.name));
    if (outcome_.faults.size() > 1) continue;
    const std::uint64_t epoch = history.leaders.back().epoch;
    if (kind.effect == Effect::Nothing) find(check_untouched(before_, after_, fault.epoch, epoch));
    if (kind.effect == Effect::NoRestart || (kind.keeps_tasks && !setting_.own))
      find(check_untouched(before_, after_, epoch, epoch));
  }
  outcome_.ledger = job_->reckon();
  outcome_.commits = output.commits();
  outcome_.checkpoints = checkpoints.count();
  outcome_.leaders = leaders.terms();
  outcome_.refused = refusals_.refused();
  outcome_.longest_gap = output.longest_gap();
  find(check_ledger(outcome_.ledger));
  find(leaders.findings());
  find(checkpoints.findings());
  find(output.findings());
  find(refusals_.findings());
  if (outcome_.is_carried_out()) find(check_liveness(liveness_of(outcome_.faults), setting_.slack));
  look_for_leftovers();
  find(check_logs(cluster_->logs()));
}

/// Of those who were there all the time. Whoever leads now may not have led before: JobManagers are compared
/// to the one that had most.
void Drill::look_for_growth() {
  ProcessUse most;
  for (const Cluster::Use& use : uses_before_) {
    if (!use.is_job_manager) continue;
    most.descriptors = std::max(most.descriptors, use.has.descriptors);
    most.threads = std::max(most.threads, use.has.threads);
    most.resident_bytes = std::max(most.resident_bytes, use.has.resident_bytes);
  }
  const auto look = [&] {
    std::vector<Growth> seen;
    for (const Cluster::Use& now : cluster_->uses()) {
      const auto before = std::ranges::find(uses_before_, now.pid, &Cluster::Use::pid);
      if (before == uses_before_.end()) continue;
      seen.push_back({now.who, now.is_job_manager ? most : before->has, now.has});
    }
    return seen;
  };
  // Connections that were closed take a moment to be gone.
  const TimePoint deadline = now() + kSoon;
  std::vector<Growth> seen = look();
  while (!check_growth(seen).empty() && now() < deadline) {
    recorder_.pass(100ms);
    seen = look();
  }
  for (const Growth& one : seen) recorder_.note(text_of(one));
  find(check_growth(seen));
}

void Drill::look_for_leftovers() {
  look_for_growth();
  if (observer_) left_.nodes = nodes_left_of(*observer_, job_->id(), kSoon);
  if (setting_.own) return find(check_leaks(left_));  // the cluster goes on
  for (const std::string& wrong : cluster_->stop()) find({wrong});
  if (!leader_is_gone(*observer_, kSoon)) left_.nodes.emplace_back("leader");
  std::vector<std::string> addresses;
  for (const auto* nodes : {&cluster_->job_managers(), &cluster_->task_managers()})
    for (const Node& node : *nodes) addresses.push_back(node.address);
  left_.ports = ports_left_of(addresses);
  left_.processes = processes_left_of(cluster_->pids(), kSoon);
  left_.files = files_left_in({folder_ + "/tmp", folder_ + "/ha"});
  find(check_leaks(left_));
}

std::vector<TimePoint> Drill::times_of_running() const {
  std::vector<TimePoint> times;
  for (const ProcessLine& line : job_->client().lines_with(") switched to RUNNING", kErr))
    times.push_back(line.at);
  return times;
}

void Drill::find(const Findings& findings) {
  outcome_.findings.insert(outcome_.findings.end(), findings.begin(), findings.end());
}

void Drill::write_report() {
  if (setting_.report.empty() || !cluster_) return;
  const std::string folder = setting_.report + "/" + id_of(outcome_.plan);
  cluster_->write_logs(folder);
  if (job_) std::ofstream(folder + "/client.log") << job_->client().text(Process::Stream::Out)
                                                  << job_->client().text(kErr);
  std::ofstream(folder + "/history.jsonl") << history_lines(recorder_.history());
}

}  // namespace weir::drill
