// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include "apps/weir/cluster.h"
#include "apps/weir/savepoint_words.h"
#include "apps/weir/verbs.h"

namespace weir {

namespace {

int dispose(const CommandLine& line) {
  if (!line.rest().empty()) return fail("--dispose wants one savepoint: weir savepoint -d PATH");
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const std::string path = absolute_path(line.text("dispose", ""));
  std::cout << "Disposing savepoint '" << path << "'." << std::endl;
  const Status gone = cluster->client().dispose_savepoint(path);
  if (!gone) return fail(gone.error().what);
  std::cout << "Savepoint '" << path << "' disposed.\n";
  return kExitOk;
}

}  // namespace

int run_savepoint(const CommandLine& line) {
  if (line.has("dispose")) return dispose(line);
  const auto words = job_and_directory(line, "savepoint");
  if (!words) return fail(words.error().what);
  const auto cluster = open_cluster(line);
  if (!cluster) return fail(cluster.error().what);
  const auto job = job_named(words->job, *cluster);
  if (!job) return fail(job.error().what);
  std::cout << "Triggering savepoint for job " << job->hex() << "." << std::endl;
  return end_with_savepoint(*cluster, *job, *words, AfterSavepoint::GoOn);
}

}  // namespace weir
