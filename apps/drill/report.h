// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/drill/outcome.h"
#include "base/time.h"

namespace weir::drill {

/// Some lengths of time, and what people want to know of them.
class Spread {
public:
  void add(Duration length);
  [[nodiscard]] bool empty() const { return sorted_.empty(); }
  [[nodiscard]] std::size_t count() const { return sorted_.size(); }
  /// The smallest that so many in a hundred do not exceed.
  [[nodiscard]] Duration percentile(unsigned percent) const;
  [[nodiscard]] Duration max() const { return sorted_.back(); }

private:
  std::vector<Duration> sorted_;
};

/// All faults of one kind.
struct ClassSummary {
  unsigned injected = 0;
  unsigned survived = 0;  // in a drill that is valid
  unsigned skipped = 0;
  Spread leader;
  Spread running;
  Spread output;
};

/// What some drills came to together.
struct Report {
  std::string command;  // that does it again
  std::string machine;  // "2 processors, Linux 6.1"
  std::string network;  // "a namespace each" or why not
  std::uint64_t seed = 0;
  double slack = 1;
  std::vector<Outcome> drills;

  [[nodiscard]] bool is_valid() const;
  [[nodiscard]] std::map<std::string, ClassSummary> classes() const;
  [[nodiscard]] Verdict ledger() const;
};

/// One page for people.
[[nodiscard]] std::string report_text(const Report& report);
/// The same for machines: docs/drills.md names every field.
[[nodiscard]] std::string report_json(const Report& report);
/// A drill's history, one JSON object a line, by time.
[[nodiscard]] std::string history_lines(const History& history);

}  // namespace weir::drill
