// SPDX-License-Identifier: Apache-2.0
#include "test/sim/promises.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "checkpoint/snapshot/metadata.h"
#include "ha/election.h"

namespace weir::sim {

namespace {

/// Who is awake knows so long after the end of its term that it is over.
constexpr Duration kLongestDoubt = 1500ms;

std::string number(std::uint64_t n) { return std::to_string(n); }

std::string name_of_term(LeaderSessionId term) { return "term " + number(term.low); }

}  // namespace

LeaderSessionId Promises::current_term() const {
  const auto epoch = zookeeper_.truth().get(paths_.epoch());
  return epoch.is_done() ? session_of_term(epoch.value.created, epoch.value.version) : LeaderSessionId{};
}

void Promises::on_sink_commits(JobId job, std::uint32_t subtask, CheckpointId completed, const Batch& batch) {
  Ledger& ledger = ledgers_[job];
  if (!pointers_[job].all.contains(completed))
    return world_.violate("a: a sink commits for checkpoint " + number(completed) +
                          ", which is not complete");
  const auto [known, is_new] = ledger.batches[subtask].emplace(batch.checkpoint, batch);
  if (!is_new) {  // said again after a failure, which must change nothing
    if (known->second != batch)
      world_.violate("a: a sink commits other events for checkpoint " + number(batch.checkpoint) + " again");
    return;
  }
  for (std::size_t source = 0; source < kSources; ++source) {
    const auto [first, end] = batch.events[source];
    std::uint64_t& committed = ledger.end[subtask][source];
    if (first < committed)
      return world_.violate("a: events " + number(first) + " to " + number(committed) + " of source " +
                            number(source) + " take effect twice (checkpoint " + number(batch.checkpoint) +
                            ")");
    if (first > committed)
      return world_.violate("a: events " + number(committed) + " to " + number(first) + " of source " +
                            number(source) + " are lost (checkpoint " + number(batch.checkpoint) + ")");
    committed = end;
  }
}

bool Promises::is_complete(const Ledger& ledger) const {
  return std::all_of(ledger.end.begin(), ledger.end.end(), [&](const auto& by_source) {
    return std::all_of(by_source.begin(), by_source.end(), [&](auto end) { return end == ledger.total; });
  });
}

void Promises::on_zookeeper_commit(LeaderSessionId term, const std::vector<ZkOp>& steps) {
  if (!term.is_none() && term != current_term())
    world_.violate("d: " + steps.back().path + " is written under " + name_of_term(term) + " in " +
                   name_of_term(current_term()));
  for (const ZkOp& step : steps) {
    static constexpr std::array kKinds = {"create ", "create ephemeral ", "set ", "remove ", "check "};
    if (world_.tells())
      world_.tell(std::string("zk: ") + kKinds[static_cast<std::size_t>(step.kind)] + step.path);
    on_step(step);
  }
}

void Promises::on_step(const ZkOp& step) {
  const bool is_made = step.kind == ZkOp::Kind::Create || step.kind == ZkOp::Kind::Set;
  const std::string& path = step.path;
  if (path.ends_with(".corrupt")) return world_.violate("g: " + path + " cannot be read any more");
  const auto last = path.substr(path.rfind('/') + 1);
  const auto above = path.substr(0, path.rfind('/'));
  const std::string cluster = paths_.cluster();
  if (above == paths_.verdicts()) {
    const auto job = JobId::parse(last);
    if (!job || !is_made) return;
    const auto [known, is_new] = verdicts_.emplace(*job, step.data);
    if (!is_new && known->second != step.data) world_.violate("f: the end of a job changes");
  } else if (above == paths_.jobs() && is_made) {
    const auto job = JobId::parse(last);
    if (job && verdicts_.contains(*job)) world_.violate("f: a job that has ended is kept to be run again");
  } else if (above.starts_with(cluster + "/checkpoints/") && step.kind != ZkOp::Kind::Check) {
    const auto job = JobId::parse(above.substr(above.rfind('/') + 1));
    if (job) on_pointer(*job, std::strtoull(last.c_str(), nullptr, 10), is_made);
  }
}

void Promises::on_pointer(JobId job, CheckpointId id, bool is_made) {
  Pointers& pointers = pointers_[job];
  if (!is_made) {
    pointers.present.erase(id);
    pointers.files.erase(id);
    return;
  }
  if (pointers.all.contains(id)) return;  // a lost answer: the same is said again
  if (id <= pointers.latest)
    world_.violate("b: checkpoint " + number(id) + " completes behind checkpoint " + number(pointers.latest));
  pointers.latest = id;
  pointers.all.insert(id);
  pointers.present.insert(id);
  ++world_.tally.checkpoints;
  completed_at_ = world_.now();
  if (world_.tells()) world_.tell("checkpoint " + number(id) + " is complete");
}

void Promises::on_restored(JobId job, CheckpointId checkpoint, LeaderSessionId term) {
  ++world_.tally.restores;
  if (term != current_term() || has_verdict(job)) return;  // what comes of it is refused everywhere
  if (checkpoint != pointers_[job].latest)
    world_.violate("c: the job goes on from checkpoint " + number(checkpoint) + ", the latest is " +
                   number(pointers_[job].latest));
}

void Promises::on_obeyed(NodeId node, LeaderSessionId term) {
  LeaderSessionId& highest = obeyed_[{node, world_.life(node)}];
  if (term < highest)
    world_.violate("d: " + world_.name(node) + " obeys " + name_of_term(term) + " after " +
                   name_of_term(highest));
  highest = std::max(highest, term);
}

void Promises::on_granted(NodeId node, LeaderSessionId term) {
  ++world_.tally.leaders;
  if (world_.tells()) world_.tell(world_.name(node) + " leads " + name_of_term(term));
  const auto who = std::pair{node, world_.life(node)};
  const auto [known, is_new] = leaders_.emplace(term, who);
  if (!is_new && known->second != who)
    world_.violate("e: " + world_.name(node) + " and " + world_.name(known->second.first) + " lead " +
                   name_of_term(term));
  if (term > current_term()) world_.violate("e: " + name_of_term(term) + " is led, and was never begun");
}

void Promises::on_two_lead(NodeId old, NodeId now) {
  const auto is_recent = [&](const std::map<NodeId, TimePoint>& when, Duration length) {
    const auto known = when.find(old);
    return known != when.end() && world_.now() - known->second < length;
  };
  if (is_recent(session_taken_, 2 * kLongestDoubt) || is_recent(resumed_, 100ms)) return;
  world_.violate("e: " + world_.name(now) + " leads while " + world_.name(old) + " does, which is awake");
}

void Promises::on_seen_leading(NodeId node, LeaderSessionId term) {
  if (term.is_none() || term == current_term()) {
    outdated_since_.erase(node);
    return;
  }
  const auto [known, is_new] = outdated_since_.emplace(node, world_.now());
  const auto taken = session_taken_.find(node);
  const bool is_excused = taken != session_taken_.end() && world_.now() - taken->second < 2 * kLongestDoubt;
  if (!is_excused && world_.now() - known->second > kLongestDoubt)
    world_.violate("e: " + world_.name(node) + " leads " + name_of_term(term) + " on, which is long over");
}

void Promises::on_deployed(JobId job, LeaderSessionId term) {
  if (term == current_term() && has_verdict(job)) world_.violate("f: a job that has ended is run again");
}

void Promises::on_writing(const CompletedCheckpoint& checkpoint) {
  auto& files = pointers_[checkpoint.job].files[checkpoint.id];
  files.insert(checkpoint.directory + "/" + std::string(kMetadataName));
  for (const auto& [id, state] : checkpoint.operators)
    for (const auto& [subtask, part] : state.subtasks)
      if (!part.state.path.empty()) files.insert(checkpoint.root + "/" + part.state.path);
}

void Promises::on_file_removed(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (const auto job = JobId::parse(name.substr(0, 32)); job && name.size() > 32) {
    const auto pointer = zookeeper_.truth().get(paths_.job(*job));
    if (pointer.is_done() && pointer.value.data.find(name) != std::string::npos)
      world_.violate("g: " + path + " is removed, and the job is kept in it");
  }
  for (const auto& [job, pointers] : pointers_) {
    if (has_verdict(job)) continue;  // then nothing of it is needed
    for (const CheckpointId id : pointers.present) {
      const auto files = pointers.files.find(id);
      if (files != pointers.files.end() && files->second.contains(path))
        world_.violate("g: " + path + " is removed, and checkpoint " + number(id) + " needs it");
    }
  }
}

bool Promises::has_verdict(JobId job) const { return verdicts_.contains(job); }

void Promises::on_result_told(const JobResult& result) {
  if (!has_verdict(result.job))
    world_.violate("f: somebody is told that a job is over, which is not on record");
  const auto [known, is_new] = told_.emplace(result.job, result.status);
  if (!is_new && known->second != result.status) world_.violate("f: a job ends in two ways");
  if (result.status == JobStatus::Finished && !is_complete(ledgers_[result.job]))
    world_.violate("a: the job is finished, and not all of its events took effect");
  if (result.status == JobStatus::Failed) world_.violate("the job failed: " + result.failure);
}

void Promises::on_client_answered(JobId job, const Result<JobResult>& result) {
  if (++answered_[job] > 1) world_.violate("h: a client gets two answers");
  if (!result) {
    // It could not be kept, and so was not accepted.
    const bool is_refused = result.error().code == ErrorCode::IoFailure && pointers_[job].all.empty() &&
                            !zookeeper_.truth().get(paths_.job(job)).is_done();
    if (!is_refused) world_.violate("h: a client is told: " + result.error().what);
    return;
  }
  if (!told_.contains(job) || told_.at(job) != result->status)
    world_.violate("h: a client is told another end than the job had");
}

std::string Promises::state_of(JobId job) const {
  std::string text = has_verdict(job) ? "its end is on record" : "it is not over";
  const auto known = ledgers_.find(job);
  if (known == ledgers_.end()) return text;
  text += ", committed";
  for (const auto& by_source : known->second.end)
    for (const auto end : by_source) text += " " + number(end);
  return text + " of " + number(known->second.total);
}

}  // namespace weir::sim
