// SPDX-License-Identifier: Apache-2.0
// Verbs that ask the cluster one thing and print the answer.
#include <chrono>
#include <iostream>
#include <string>

#include "apps/weir/cluster.h"
#include "apps/weir/json_output.h"
#include "apps/weir/render.h"
#include "apps/weir/savepoint_words.h"
#include "apps/weir/verbs.h"

namespace weir {

namespace {

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// -r and -s each show only their own; -a shows all.
ListFilter filter_of(const CommandLine& line) {
  if (line.has("all")) return {.running = true, .scheduled = true, .terminated = true};
  const bool is_chosen = line.has("running") || line.has("scheduled");
  return {.running = !is_chosen || line.has("running"), .scheduled = !is_chosen || line.has("scheduled")};
}

int cluster_status(const Cluster& cluster, bool json) {
  const auto overview = cluster.client().overview();
  if (!overview) return fail(overview.error().what);
  const auto instances = cluster.client().task_managers();
  if (!instances) return fail(instances.error().what);
  std::cout << (json ? overview_json(cluster.job_manager, *overview, *instances) + "\n"
                     : overview_text(cluster.job_manager, *overview, *instances));
  return kExitOk;
}

int job_status(const CommandLine& line, const Cluster& cluster, bool json) {
  const auto job = job_named(line.rest().front(), cluster);
  if (!job) return fail(job.error().what);
  const auto details = cluster.client().details(*job);
  if (!details) return fail(explain(details.error(), line.rest().front(), cluster).what);
  std::cout << (json ? job_json(*details, wall_now()) + "\n" : job_text(*details, wall_now()));
  return kExitOk;
}

/// Of cancel and stop.
int end(const CommandLine& line, AfterSavepoint how) {
  const bool stops = how == AfterSavepoint::Stop;
  const auto words = job_and_directory(line, stops ? "stop" : "cancel");
  if (!words) return fail(words.error().what);
  if (!line.has("withSavepoint") && !words->directory.empty())
    return fail("a directory is for a savepoint: " + std::string(stops ? "stop" : "cancel") + " -s JOB DIR");
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const auto job = job_named(words->job, *cluster);
  if (!job) return fail(job.error().what);
  std::cout << (stops ? "Stopping job " : "Cancelling job ") << job->hex()
            << (line.has("withSavepoint") ? " with a savepoint." : ".") << std::endl;
  if (line.has("withSavepoint")) return end_with_savepoint(*cluster, *job, *words, how);
  const Status begun = stops ? cluster->client().stop(*job) : cluster->client().cancel(*job);
  if (!begun) return fail(explain(begun.error(), words->job, *cluster).what);
  if (stops) std::cout << "Stopped the sources of job " << job->hex() << "; it ends when all is processed.\n";
  else std::cout << "Cancelled job " << job->hex() << ".\n";
  return kExitOk;
}

}  // namespace

int run_list(const CommandLine& line) {
  if (!line.rest().empty()) return fail("list takes no '" + line.rest().front() + "'; see weir help list");
  const auto json = wants_json(line);
  if (!json) return fail(json.error().what);
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const auto jobs = cluster->client().list();
  if (!jobs) return fail(jobs.error().what);
  const ListFilter filter = filter_of(line);
  std::cout << (*json ? list_json(*jobs, filter, wall_now()) + "\n" : list_text(*jobs, filter));
  return kExitOk;
}

int run_status(const CommandLine& line) {
  if (line.rest().size() > 1)
    return fail("status shows one job, or the cluster: weir status [OPTIONS] [JOB]");
  const auto json = wants_json(line);
  if (!json) return fail(json.error().what);
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  return line.rest().empty() ? cluster_status(*cluster, *json) : job_status(line, *cluster, *json);
}

int run_cancel(const CommandLine& line) { return end(line, AfterSavepoint::Cancel); }
int run_stop(const CommandLine& line) { return end(line, AfterSavepoint::Stop); }

}  // namespace weir
