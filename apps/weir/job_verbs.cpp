// SPDX-License-Identifier: Apache-2.0
// Verbs that ask the cluster one thing and print the answer.
#include <chrono>
#include <iostream>
#include <string>

#include "apps/weir/cluster.h"
#include "apps/weir/job_reference.h"
#include "apps/weir/json_output.h"
#include "apps/weir/render.h"
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

/// The job that the first word behind the options means.
Result<JobId> job_of(const CommandLine& line, const Cluster& cluster) {
  const std::string& written = line.rest().front();
  if (const auto id = JobId::parse(written)) return *id;
  const auto known = cluster.client().list();
  if (!known) return known.error();
  return find_job(written, *known);
}

/// A cluster that does not know the job is asked which ones it knows.
Error explain(const Error& error, const CommandLine& line, const Cluster& cluster) {
  if (error.code != ErrorCode::UnknownJob) return error;
  const auto known = cluster.client().list();
  const auto meant = known ? find_job(line.rest().front(), *known) : Result<JobId>(error);
  return meant ? error : meant.error();
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
  const auto job = job_of(line, cluster);
  if (!job) return fail(job.error().what);
  const auto details = cluster.client().details(*job);
  if (!details) return fail(explain(details.error(), line, cluster).what);
  std::cout << (json ? job_json(*details, wall_now()) + "\n" : job_text(*details, wall_now()));
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

int run_cancel(const CommandLine& line) {
  if (line.rest().size() != 1) return fail("cancel wants one job: weir cancel [OPTIONS] JOB");
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const auto job = job_of(line, *cluster);
  if (!job) return fail(job.error().what);
  std::cout << "Cancelling job " << job->hex() << "." << std::endl;
  if (const Status begun = cluster->client().cancel(*job); !begun) {
    return fail(explain(begun.error(), line, *cluster).what);
  }
  std::cout << "Cancelled job " << job->hex() << ".\n";
  return kExitOk;
}

int run_stop(const CommandLine& line) {
  if (line.rest().size() != 1) return fail("stop wants one job: weir stop [OPTIONS] JOB");
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const auto job = job_of(line, *cluster);
  if (!job) return fail(job.error().what);
  std::cout << "Stopping job " << job->hex() << "." << std::endl;
  if (const Status begun = cluster->client().stop(*job); !begun) {
    return fail(explain(begun.error(), line, *cluster).what);
  }
  std::cout << "Stopped the sources of job " << job->hex() << "; it ends when all is processed.\n";
  return kExitOk;
}

}  // namespace weir
