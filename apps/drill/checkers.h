// SPDX-License-Identifier: Apache-2.0
// Those who judge what a drill saw. Each is a value that knows no process, no clock and no file: histories
// in, findings out, and a finding is one sentence for a person. No findings: valid.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apps/drill/history.h"
#include "apps/drill/ledger.h"
#include "base/time.h"

namespace weir::drill {

using Findings = std::vector<std::string>;

/// Each term has one leader, and terms rise.
class LeaderChecker {
public:
  void add(const LeaderSeen& seen);
  [[nodiscard]] Findings findings() const { return findings_; }
  /// How many there were.
  [[nodiscard]] std::size_t terms() const { return leaders_.size(); }

private:
  std::map<std::uint64_t, LeaderSeen> leaders_;
  Findings findings_;
};

/// Completed checkpoints have ids that strictly rise, whoever led.
class CheckpointChecker {
public:
  void add(const CheckpointSeen& seen) { by_creation_.insert({seen.created, seen.id}); }
  [[nodiscard]] Findings findings() const;
  [[nodiscard]] std::size_t count() const { return by_creation_.size(); }
  [[nodiscard]] std::uint64_t highest() const;

private:
  std::set<std::pair<std::int64_t, std::uint64_t>> by_creation_;
};

/// What was committed stays as it was: the view of one who reads the output only ever grows.
class OutputChecker {
public:
  void add(const OutputSeen& seen);
  [[nodiscard]] Findings findings() const { return findings_; }
  [[nodiscard]] std::size_t commits() const { return committed_.size(); }
  [[nodiscard]] std::uint64_t highest_checkpoint() const { return highest_; }
  [[nodiscard]] Duration longest_gap() const { return longest_gap_; }

private:
  std::set<std::string> committed_;
  std::uint64_t highest_ = 0;
  TimePoint last_{};
  Duration longest_gap_{};
  Findings findings_;
};

/// Every event once, counted as it should be.
[[nodiscard]] Findings check_ledger(const Verdict& verdict);

/// Where somebody came back who had been given up, his word was refused: else the drill proved nothing.
class RefusalChecker {
public:
  /// A fault after which somebody speaks who has no say any more.
  void expect(const std::string& fault) { expected_.push_back(fault); }
  void add(std::uint64_t refused) { refused_ += refused; }
  /// A stale request had an effect.
  void accepted(const std::string& what) { accepted_.push_back(what); }
  [[nodiscard]] Findings findings() const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
  Findings expected_;
  Findings accepted_;
  std::uint64_t refused_ = 0;
};

/// The client is told once how its job ended, and what it is told is so.
class AnswerChecker {
public:
  /// Lines of an attached client: its final answer, and the steps that it was told of while it was attached.
  void add_line(std::string_view line);
  /// What the cluster says of the job afterwards.
  void add_state(std::string state) { states_.push_back(std::move(state)); }
  /// How the client ended; none was attached to the end: do not call it.
  void add_exit(int code) { exits_.push_back(code); }
  [[nodiscard]] Findings findings(bool was_attached) const;

private:
  std::size_t answers_ = 0;
  std::vector<std::string> ends_;  // steps
  std::vector<std::string> states_;
  std::vector<int> exits_;
};

/// Nothing is left when the cluster has ended.
[[nodiscard]] Findings check_leaks(const Leftovers& left);

/// When the job has ended, whoever lived through it all has as much as before it began. What is had once and
/// for all, as the threads and connections of one who leads for the first time, is allowed for.
[[nodiscard]] Findings check_growth(const std::vector<Growth>& seen);
/// One line.
[[nodiscard]] std::string text_of(const Growth& growth);

/// What a fault that is none for the job did to it.
[[nodiscard]] Findings check_untouched(const JobSeen& before, const JobSeen& after,
                                       std::uint64_t epoch_before, std::uint64_t epoch_after);

/// What processes should never say of themselves.
[[nodiscard]] Findings check_logs(std::string_view log);

/// Output went on in time.
struct Liveness {
  std::string what;
  Duration took{};
  Duration bound{};  // 0: none
  bool has_happened = true;
};
[[nodiscard]] Findings check_liveness(const std::vector<Liveness>& seen, double slack);

}  // namespace weir::drill
