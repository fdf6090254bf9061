// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "apps/drill/report.h"

namespace weir::drill {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::int64_t millis(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

Json json_of(const std::optional<Duration>& length) { return length ? Json(millis(*length)) : Json(nullptr); }

Json json_of(const Spread& spread) {
  if (spread.empty()) return nullptr;
  return {{"count", spread.count()},
          {"p50", millis(spread.percentile(50))},
          {"p99", millis(spread.percentile(99))},
          {"max", millis(spread.max())}};
}

Json json_of(const FaultTimes& fault) {
  return {{"fault", name_of(fault.fault)},
          {"target", fault.target},
          {"skipped", fault.skipped},
          {"leader-ms", json_of(fault.leader)},
          {"running-ms", json_of(fault.running)},
          {"output-ms", json_of(fault.output)}};
}

Json json_of(const Outcome& drill) {
  Json faults = Json::array();
  for (const FaultTimes& fault : drill.faults) faults.push_back(json_of(fault));
  return {{"name", drill.plan.name},
          {"seed", drill.plan.seed},
          {"verdict", drill.is_valid() ? "valid" : drill.is_carried_out() ? "invalid" : "skipped"},
          {"skipped", drill.skipped},
          {"findings", drill.findings},
          {"faults", std::move(faults)},
          {"events", drill.ledger.events},
          {"lost", drill.ledger.lost},
          {"duplicated", drill.ledger.duplicated},
          {"wrong", drill.ledger.wrong},
          {"checkpoints-completed", drill.checkpoints},
          {"leaders-elected", drill.leaders},
          {"stale-requests-refused", drill.refused},
          {"longest-output-gap-ms", millis(drill.longest_gap)}};
}

}  // namespace

std::string report_json(const Report& report) {
  Json faults = Json::object();
  Json recovery = Json::object();
  for (const auto& [name, summary] : report.classes()) {
    faults[name] = {
        {"injected", summary.injected}, {"survived", summary.survived}, {"skipped", summary.skipped}};
    recovery[name] = {{"leader", json_of(summary.leader)},
                      {"running", json_of(summary.running)},
                      {"output", json_of(summary.output)}};
  }
  Json drills = Json::array();
  Duration gap{};
  std::size_t checkpoints = 0;
  std::size_t leaders = 0;
  std::uint64_t refused = 0;
  for (const Outcome& drill : report.drills) {
    drills.push_back(json_of(drill));
    gap = std::max(gap, drill.longest_gap);
    checkpoints += drill.checkpoints;
    leaders += drill.leaders;
    refused += drill.refused;
  }
  const Verdict ledger = report.ledger();
  return text_of({{"verdict", report.is_valid() ? "valid" : "invalid"},
                  {"seed", report.seed},
                  {"replay", report.command},
                  {"machine", report.machine},
                  {"network", report.network},
                  {"slack", report.slack},
                  {"events", ledger.events},
                  {"lost", ledger.lost},
                  {"duplicated", ledger.duplicated},
                  {"wrong", ledger.wrong},
                  {"faults", std::move(faults)},
                  {"recovery_ms", std::move(recovery)},
                  {"longest-output-gap-ms", millis(gap)},
                  {"checkpoints-completed", checkpoints},
                  {"leaders-elected", leaders},
                  {"stale-requests-refused", refused},
                  {"drills", std::move(drills)}},
                 2) +
         "\n";
}

std::string history_lines(const History& history) {
  std::vector<std::pair<TimePoint, Json>> all;
  for (const LeaderSeen& seen : history.leaders)
    all.emplace_back(seen.at, Json{{"leader", seen.address}, {"epoch", seen.epoch}, {"session", seen.owner}});
  for (const CheckpointSeen& seen : history.checkpoints)
    all.emplace_back(seen.at, Json{{"checkpoint", seen.id}, {"transaction", seen.created}});
  for (const OutputSeen& seen : history.outputs)
    all.emplace_back(seen.at, Json{{"output", seen.file},
                                   {"what", seen.kind == OutputSeen::Kind::Committed ? "committed"
                                            : seen.kind == OutputSeen::Kind::Changed ? "changed"
                                                                                     : "removed"}});
  for (const Note& note : history.notes) all.emplace_back(note.at, Json{{"note", note.text}});
  std::ranges::stable_sort(all, {}, [](const auto& entry) { return entry.first; });
  std::string lines;
  for (auto& [at, json] : all) {
    json["ms"] = all.empty() ? 0 : millis(at - all.front().first);
    lines += text_of(json, -1) + "\n";
  }
  return lines;
}

}  // namespace weir::drill
