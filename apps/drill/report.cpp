// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace weir::drill {

namespace {

constexpr std::size_t kMostFindings = 8;  // of a drill, on the page

std::int64_t millis(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string spread_text(const Spread& spread) {
  if (spread.empty()) return "-";
  return std::to_string(millis(spread.percentile(50))) + "/" + std::to_string(millis(spread.percentile(99))) +
         "/" + std::to_string(millis(spread.max()));
}

std::string class_lines(const Report& report) {
  std::string text = padded("fault", 28) + padded("injected", 10) + padded("survived", 10) +
                     padded("skipped", 9) + padded("new leader", 18) + padded("running", 18) + "output\n";
  for (const auto& [name, summary] : report.classes()) {
    text += padded(name, 28) + padded(std::to_string(summary.injected), 10) +
            padded(std::to_string(summary.survived), 10) + padded(std::to_string(summary.skipped), 9) +
            padded(spread_text(summary.leader), 18) + padded(spread_text(summary.running), 18) +
            spread_text(summary.output) + "\n";
  }
  return text + "recovery in milliseconds, p50/p99/longest, from the fault or its heal\n";
}

std::string drill_lines(const Outcome& drill) {
  const std::string name = drill.plan.name + " --seed " + std::to_string(drill.plan.seed);
  if (!drill.skipped.empty()) return "  skipped  " + name + ": " + drill.skipped + "\n";
  std::string text;
  for (const FaultTimes& fault : drill.faults)
    if (!fault.skipped.empty())
      text += "  skipped  " + name + ": " + std::string(name_of(fault.fault)) + ": " + fault.skipped + "\n";
  for (std::size_t i = 0; i < drill.findings.size() && i < kMostFindings; ++i)
    text += "  invalid  " + name + ": " + drill.findings[i] + "\n";
  if (drill.findings.size() > kMostFindings)
    text += "           and " + std::to_string(drill.findings.size() - kMostFindings) + " more findings\n";
  return text;
}

}  // namespace

void Spread::add(Duration length) {
  sorted_.insert(std::ranges::upper_bound(sorted_, length), length);
}

Duration Spread::percentile(unsigned percent) const {
  const std::size_t rank = (sorted_.size() * percent + 99) / 100;
  return sorted_[std::max<std::size_t>(rank, 1) - 1];
}

bool Report::is_valid() const {
  return !drills.empty() && std::ranges::all_of(drills, &Outcome::is_valid);
}

std::map<std::string, ClassSummary> Report::classes() const {
  std::map<std::string, ClassSummary> all;
  for (const Outcome& drill : drills) {
    if (drill.faults.empty())
      for (const Planned& planned : drill.plan.faults) ++all[std::string(name_of(planned.fault))].skipped;
    for (const FaultTimes& fault : drill.faults) {
      ClassSummary& summary = all[std::string(name_of(fault.fault))];
      if (!fault.skipped.empty()) {
        ++summary.skipped;
        continue;
      }
      ++summary.injected;
      if (drill.findings.empty()) ++summary.survived;
      if (fault.leader) summary.leader.add(*fault.leader);
      if (fault.running) summary.running.add(*fault.running);
      if (fault.output) summary.output.add(*fault.output);
    }
  }
  return all;
}

Verdict Report::ledger() const {
  Verdict sum;
  for (const Outcome& drill : drills) {
    sum.events += drill.ledger.events;
    sum.lost += drill.ledger.lost;
    sum.duplicated += drill.ledger.duplicated;
    sum.wrong += drill.ledger.wrong;
  }
  return sum;
}

std::string report_text(const Report& report) {
  std::uint64_t refused = 0;
  std::size_t checkpoints = 0;
  std::size_t commits = 0;
  std::size_t leaders = 0;
  std::size_t valid = 0;
  Duration gap{};
  std::string complaints;
  for (const Outcome& drill : report.drills) {
    refused += drill.refused;
    checkpoints += drill.checkpoints;
    commits += drill.commits;
    leaders += drill.leaders;
    valid += drill.is_valid() ? 1 : 0;
    gap = std::max(gap, drill.longest_gap);
    complaints += drill_lines(drill);
  }
  char slack[16];
  std::snprintf(slack, sizeof slack, "%g", report.slack);
  return "weir drill: " + std::to_string(report.drills.size()) + " drills, " + std::to_string(valid) +
         " valid\nseed " + std::to_string(report.seed) + "; " + report.machine +
         "; network: " + report.network + "; bounds times " + slack + "\n\n" + class_lines(report) + "\n" +
         report.ledger().text() + "\n" + "checkpoints seen completed " + std::to_string(checkpoints) +
         ", part files committed " + std::to_string(commits) + ", longest gap of the output " +
         std::to_string(millis(gap)) + " ms\n" + "leaders elected " + std::to_string(leaders) +
         ", stale requests refused " + std::to_string(refused) + "\n" +
         (complaints.empty() ? "" : "\n" + complaints) +
         "\nverdict: " + (report.is_valid() ? "valid" : "invalid") + "\nagain: " + report.command + "\n";
}

}  // namespace weir::drill
