// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/checkers.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace weir::drill {

namespace {

std::string text_of(std::uint64_t number) { return std::to_string(number); }

std::string in_milliseconds(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

void add_left(Findings& findings, const std::vector<std::string>& left, const std::string& what) {
  for (const std::string& one : left) findings.push_back(what + " is left: " + one);
}

}  // namespace

void LeaderChecker::add(const LeaderSeen& seen) {
  const auto known = leaders_.find(seen.epoch);
  if (known == leaders_.end()) {
    if (!leaders_.empty() && leaders_.rbegin()->first > seen.epoch)
      findings_.push_back("term " + text_of(seen.epoch) + " of " + seen.address + " came after term " +
                          text_of(leaders_.rbegin()->first));
    leaders_.emplace(seen.epoch, seen);
    return;
  }
  if (known->second.address == seen.address && known->second.owner == seen.owner) return;
  findings_.push_back("term " + text_of(seen.epoch) + " has two leaders: " + known->second.address + " and " +
                      seen.address);
}

Findings CheckpointChecker::findings() const {
  Findings found;
  std::uint64_t before = 0;
  for (const auto& [created, id] : by_creation_) {
    if (id <= before)
      found.push_back("checkpoint " + text_of(id) + " was completed after checkpoint " + text_of(before));
    before = std::max(before, id);
  }
  return found;
}

std::uint64_t CheckpointChecker::highest() const {
  std::uint64_t highest = 0;
  for (const auto& [created, id] : by_creation_) highest = std::max(highest, id);
  return highest;
}

void OutputChecker::add(const OutputSeen& seen) {
  if (seen.kind != OutputSeen::Kind::Committed) {
    findings_.push_back("committed output was " +
                        std::string(seen.kind == OutputSeen::Kind::Removed ? "removed" : "changed") + ": " +
                        seen.file);
    return;
  }
  if (!committed_.insert(seen.file).second) findings_.push_back("output was committed again: " + seen.file);
  if (last_ != TimePoint{}) longest_gap_ = std::max<Duration>(longest_gap_, seen.at - last_);
  last_ = seen.at;
  highest_ = std::max(highest_, seen.checkpoint);
}

Findings check_ledger(const Verdict& verdict) {
  if (verdict.events == 0) return {"the job had no events: the drill proved nothing"};
  if (verdict.is_clean()) return {};
  return {verdict.text()};
}

Findings RefusalChecker::findings() const {
  Findings found;
  for (const std::string& what : accepted_) found.push_back("a stale request was not refused: " + what);
  if (!expected_.empty() && refused_ == 0)
    found.push_back("no stale request was seen to be refused after " + expected_.front() +
                    ": the drill proved nothing");
  return found;
}

void AnswerChecker::add_line(std::string_view line) {
  for (const std::string_view state : {"FINISHED", "FAILED", "CANCELED"}) {
    if (line.find("Job execution switched to status " + std::string(state)) != std::string_view::npos)
      ends_.emplace_back(state);
  }
  if (line.starts_with("Job with JobID ") && line.ends_with(" has finished.")) ++answers_;
}

Findings AnswerChecker::findings(bool was_attached) const {
  Findings found;
  if (was_attached && answers_ != 1)
    found.push_back("the client was told " + text_of(answers_) + " times how the job ended");
  // None is no lie: the job may have ended under its new leader before the client was attached to that.
  if (ends_.size() > 1) found.push_back("the client saw the job end " + text_of(ends_.size()) + " times");
  for (const std::string& end : ends_)
    if (end != "FINISHED") found.push_back("the client was told " + end);
  for (const std::string& state : states_)
    if (state != "FINISHED") found.push_back("the cluster says that the job is " + state);
  if (states_.empty()) found.push_back("the cluster knows no end of the job");
  for (const int code : exits_)
    if (code != 0) found.push_back("the client ended with " + std::to_string(code));
  return found;
}

Findings check_leaks(const Leftovers& left) {
  Findings found;
  add_left(found, left.processes, "a process");
  add_left(found, left.ports, "a port");
  add_left(found, left.nodes, "a node of ZooKeeper");
  add_left(found, left.files, "a file");
  return found;
}

std::string text_of(const Growth& growth) {
  const auto change = [](std::size_t before, std::size_t after) {
    return std::to_string(before) + " -> " + std::to_string(after);
  };
  return growth.who + ": descriptors " + change(growth.before.descriptors, growth.after.descriptors) +
         ", threads " + change(growth.before.threads, growth.after.threads) + ", MB " +
         change(growth.before.resident_bytes >> 20, growth.after.resident_bytes >> 20);
}

Findings check_growth(const std::vector<Growth>& seen) {
  Findings found;
  const auto compare = [&](const Growth& one, const std::string& what, std::size_t before, std::size_t after,
                           std::size_t allowed) {
    if (after <= before + allowed) return;
    found.push_back(one.who + " has " + text_of(after) + " " + what + ", and had " + text_of(before) +
                    " before the job");
  };
  for (const Growth& one : seen) {
    compare(one, "descriptors", one.before.descriptors, one.after.descriptors, Growth::kDescriptors);
    compare(one, "threads", one.before.threads, one.after.threads, Growth::kThreads);
    compare(one, "MB of memory", one.before.resident_bytes >> 20, one.after.resident_bytes >> 20,
            Growth::kMegabytes);
  }
  return found;
}

Findings check_untouched(const JobSeen& before, const JobSeen& after, std::uint64_t epoch_before,
                         std::uint64_t epoch_after) {
  Findings found;
  if (epoch_before != epoch_after)
    found.push_back("the lead was lost: term " + text_of(epoch_before) + " became term " +
                    text_of(epoch_after));
  if (before.restarts != after.restarts || before.attempts != after.attempts)
    found.push_back("the job was restarted: " + text_of(after.restarts - before.restarts) + " times");
  return found;
}

Findings check_logs(std::string_view log) {
  constexpr std::array<std::string_view, 6> kNever{"AddressSanitizer", "ThreadSanitizer", "runtime error:",
                                                   "terminate called", "pure virtual", "broken promise"};
  Findings found;
  while (!log.empty()) {
    const auto end = std::min(log.find('\n'), log.size());
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(std::min(end + 1, log.size()));
    const bool is_bad =
        std::ranges::any_of(kNever, [&](std::string_view bad) { return line.find(bad) != line.npos; });
    if (is_bad) found.emplace_back(line);
  }
  return found;
}

Findings check_liveness(const std::vector<Liveness>& seen, double slack) {
  Findings found;
  for (const Liveness& one : seen) {
    const auto bound = std::chrono::duration_cast<Duration>(one.bound * slack);
    if (!one.has_happened) found.push_back(one.what + ": did not happen");
    else if (one.bound > Duration::zero() && one.took > bound)
      found.push_back(one.what + ": took " + in_milliseconds(one.took) + ", bound " + in_milliseconds(bound));
  }
  return found;
}

}  // namespace weir::drill
