// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/render.h"

#include <functional>
#include <vector>

#include "apps/weir/progress.h"
#include "apps/weir/text.h"

namespace weir {

namespace {

using Align = TextTable::Align;

/// The jobs that fit under a heading, or the line that says that there are none.
std::string section(const std::string& kind, const std::string& none, const JobList& jobs,
                    const std::function<bool(const JobOverview&)>& fits) {
  std::string lines;
  for (const JobOverview& job : jobs.jobs) {
    if (!fits(job)) continue;
    lines += list_time(job.started) + " : " + job.job.hex() + " : " + printable(job.name) + " (" +
             std::string(name_of(job.status)) + ")\n";
  }
  if (lines.empty()) return none + "\n";
  const std::string heading = "------------------ " + kind + " Jobs ------------------";
  return heading + "\n" + lines + std::string(heading.size(), '-') + "\n";
}

std::string figure(std::uint64_t count) { return std::to_string(count); }

/// "3 finished, 1 failed"; empty without any.
std::string ended_text(const ClusterOverview& cluster) {
  std::string text;
  const auto add = [&](std::uint32_t count, const char* how) {
    if (count > 0) text += ", " + std::to_string(count) + " " + how;
  };
  add(cluster.jobs_finished, "finished");
  add(cluster.jobs_cancelled, "cancelled");
  add(cluster.jobs_failed, "failed");
  return text;
}

}  // namespace

bool is_scheduled(const JobOverview& job) { return job.status == JobStatus::Created; }

bool is_running(const JobOverview& job) { return !is_terminal(job.status) && !is_scheduled(job); }

bool is_shown(const JobOverview& job, const ListFilter& filter) {
  return is_running(job) ? filter.running : is_scheduled(job) ? filter.scheduled : filter.terminated;
}

std::string list_text(const JobList& jobs, const ListFilter& filter) {
  std::string text;
  if (filter.running) text += section("Running/Restarting", "No running jobs.", jobs, is_running);
  if (filter.scheduled) text += section("Scheduled", "No scheduled jobs.", jobs, is_scheduled);
  if (filter.terminated) {
    text += section("Terminated", "No terminated jobs.", jobs,
                    [](const JobOverview& job) { return is_terminal(job.status); });
  }
  return text;
}

std::string overview_text(const std::string& job_manager, const ClusterOverview& cluster,
                          const InstanceList& instances) {
  std::string text = "JobManager    " + job_manager + "\n";
  text += "TaskManagers  " + figure(cluster.task_managers) + "\n";
  text += "Slots         " + figure(cluster.slots_free) + " of " + figure(cluster.slots_total) + " free\n";
  text += "Jobs          " + figure(cluster.jobs_running) + " running" + ended_text(cluster) + "\n";
  text += "Refused       " + figure(cluster.messages_refused) + " messages that came too late\n";
  if (instances.instances.empty()) return text;

  TextTable table({{"TaskManager"}, {"Data"}, {"Slots", Align::Right}, {"Cores", Align::Right},
                   {"Memory", Align::Right}, {"Heard of", Align::Right}});
  for (const InstanceDescription& instance : instances.instances) {
    const RegisterTaskManager& it = instance.task_manager;
    table.add({it.id.hex(), printable(it.data_address), figure(it.slots), figure(it.hardware.cpu_cores),
               short_count(static_cast<double>(it.hardware.memory_bytes)) + "B",
               short_duration(instance.since_heartbeat) + " ago"});
  }
  return text + "\n" + table.text();
}

std::string job_text(const JobDetails& job, WallTime now) {
  const WallTime started = job.entered[static_cast<std::size_t>(JobStatus::Created)];
  const WallTime ended = ended_at(job);
  std::string text = "Job       " + job.job.hex() + "\nName      " + printable(job.name) + "\n";
  text += "State     " + std::string(name_of(job.status)) + "\n";
  text += "Started   " + list_time(started) + "\n";
  text += "Runtime   " + short_duration((ended == WallTime{} ? now : ended) - started) + "\n";
  if (job.restarts > 0) text += "Restarts  " + figure(job.restarts) + "\n";
  if (!job.waiting_for.empty()) text += "Now       " + printable(job.waiting_for) + "\n";
  if (!job.failure.empty()) text += "Failure   " + printable(job.failure) + "\n";

  TextTable table({{"Vertex"}, {"State"}, {"Subtasks", Align::Right}, {"In", Align::Right},
                   {"Out", Align::Right}, {"Tasks"}});
  for (const VertexDetails& vertex : job.vertices) {
    const JobTotals totals = totals_of({.vertices = {vertex}});
    table.add({printable(vertex.name), std::string(name_of(vertex.state)), figure(vertex.subtasks.size()),
               figure(totals.records_in), figure(totals.records_out), tasks_text(totals)});
  }
  text += "\n" + table.text();
  for (const auto& [name, value] : job.accumulators) {
    text += "Accumulator " + printable(name) + ": " + std::to_string(value) + "\n";
  }
  return text;
}

}  // namespace weir
