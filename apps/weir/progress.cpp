// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/progress.h"

#include <utility>

#include "apps/weir/text.h"

namespace weir {

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
  return cut_to(text + rate_since_last(totals.records_out, now), columns);
}

std::string Progress::rate_since_last(std::uint64_t records, TimePoint now) {
  const std::uint64_t before = std::exchange(last_records_, records);
  const TimePoint then = std::exchange(last_, now);
  const bool is_first = !std::exchange(has_last_, true);
  if (is_first || records < before || now <= then) return {};
  const double seconds = std::chrono::duration<double>(now - then).count();
  return " | " + short_count(static_cast<double>(records - before) / seconds) + "/s";
}

}  // namespace weir
