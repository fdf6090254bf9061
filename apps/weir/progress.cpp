// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/progress.h"

#include "apps/weir/text.h"

namespace weir {

namespace {

constexpr Duration kWindow = 5s;     // over which a rate is taken
constexpr Duration kStandstill = 3s;  // without news: more than any sane heartbeat

}  // namespace

JobTotals totals_of(const JobDetails& job) {
  JobTotals totals;
  for (const VertexDetails& vertex : job.vertices) {
    for (const SubtaskDetails& subtask : vertex.subtasks) {
      totals.records_in += subtask.counters.records_in;
      totals.records_out += subtask.counters.records_out;
      ++totals.tasks[subtask.state];
    }
  }
  return totals;
}

std::string tasks_text(const JobTotals& totals) {
  std::string text;
  for (const auto& [state, count] : totals.tasks) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(name_of(state));
  }
  return text.empty() ? "no tasks" : text;
}

std::string Progress::line(const JobDetails& job, WallTime wall_now, TimePoint now, std::size_t columns) {
  const JobTotals totals = totals_of(job);
  const WallTime started = job.entered[static_cast<std::size_t>(JobStatus::Created)];
  std::string text = std::string(name_of(job.status)) + " " + short_duration(wall_now - started);
  if (job.restarts > 0) text += ", restarted " + std::to_string(job.restarts) + "x";
  text += " | " + tasks_text(totals) + " | in " + short_count(static_cast<double>(totals.records_in)) +
          ", out " + short_count(static_cast<double>(totals.records_out)) + " records";
  remember({totals.records_out, now});
  return cut_to(text + rate_at(now), columns);
}

void Progress::remember(Look look) {
  if (!news_.empty() && look.records < news_.back().records) news_.clear();
  if (!news_.empty() && look.records == news_.back().records) return;
  news_.push_back(look);
  while (news_.size() > 2 && news_[1].at <= look.at - kWindow) news_.pop_front();
}

std::string Progress::rate_at(TimePoint now) const {
  if (now - news_.back().at > kStandstill) return " | 0/s";
  const double seconds = std::chrono::duration<double>(news_.back().at - news_.front().at).count();
  if (seconds <= 0) return {};
  const auto records = static_cast<double>(news_.back().records - news_.front().records);
  return " | " + short_count(records / seconds) + "/s";
}

}  // namespace weir
