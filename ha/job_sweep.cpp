// SPDX-License-Identifier: Apache-2.0
#include "ha/job_sweep.h"

#include <limits>
#include <set>
#include <string_view>

#include "base/log.h"
#include "ha/savepoints_under_way.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "HighAvailability";

void log_failure(const Status& done) {
  if (!done) log::warn(kLogger, done.error().what);
}

std::set<std::string> names_in(ZkTerm& term, const std::string& path) {
  const auto names = term.children(path);
  return names ? std::set<std::string>(names->begin(), names->end()) : std::set<std::string>();
}

/// A folder with all that is in it.
void remove_all(FileSystem& files, const std::string& path) {
  if (const auto names = files.list(path)) {
    for (const std::string& name : *names) remove_all(files, path + "/" + name);
  }
  log_failure(files.remove(path));
}

void remove_checkpoints(ZkTerm& term, FileSystem& files, const JobVerdict& ended) {
  const std::string node = term.paths().checkpoints(ended.job);
  bool is_empty = true;
  for (const std::string& name : names_in(term, node)) {
    is_empty &= !name.ends_with(".corrupt");  // those are for people
    if (!name.ends_with(".corrupt")) log_failure(term.remove(node + "/" + name));
  }
  if (is_empty) log_failure(term.remove(node));
  // Only what is named after the job is the job's, and what was put aside is for people, too.
  const std::string& folder = ended.checkpoints_to_delete;
  SavepointsUnderWay(files, folder).sweep(std::numeric_limits<CheckpointId>::max(), true);
  if (is_empty && folder.ends_with("/" + ended.job.hex())) remove_all(files, folder);
}

}  // namespace

void sweep_after(const std::vector<JobVerdict>& ended, ZkTerm& term, FileSystem& files,
                 const std::string& jobs_directory) {
  const auto counters = names_in(term, term.paths().counters());
  const auto checkpoints = names_in(term, term.paths().checkpoints());
  const auto job_files = files.list(jobs_directory);
  for (const JobVerdict& job : ended) {
    const std::string id = job.job.hex();
    const bool has_checkpoints = checkpoints.contains(id) && !job.checkpoints_to_delete.empty();
    if (counters.contains(id) || has_checkpoints)
      log::info(kLogger, "Removes what is left of job " + job.name + " (" + id + "), which has ended");
    if (has_checkpoints) remove_checkpoints(term, files, job);
    if (counters.contains(id)) log_failure(term.remove(term.paths().counter(job.job)));
    if (!job_files) continue;
    for (const std::string& name : *job_files)
      if (name.starts_with(id + "-")) log_failure(files.remove(jobs_directory + "/" + name));
  }
}

}  // namespace weir
