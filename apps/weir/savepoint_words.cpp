// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/savepoint_words.h"

#include <filesystem>
#include <iostream>
#include <utility>

#include "apps/weir/verbs.h"

namespace weir {

std::string absolute_path(const std::string& written) {
  constexpr std::string_view kScheme = "file://";
  const std::string path = written.starts_with(kScheme) ? written.substr(kScheme.size()) : written;
  if (path.empty()) return path;
  std::string absolute = std::filesystem::absolute(path).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

Result<JobAndDirectory> job_and_directory(const CommandLine& line, const std::string& verb) {
  const auto& words = line.rest();
  if (words.empty() || words.size() > 2)
    return Error{ErrorCode::BadArgument, verb + " wants one job: weir " + verb + " [OPTIONS] JOB" +
                                             (verb == "stop" || verb == "cancel" ? "" : " [DIR]")};
  if (words.size() == 1) return JobAndDirectory{.job = words[0], .directory = {}};
  const bool is_reversed = words[0].find('/') != std::string::npos;
  return JobAndDirectory{.job = words[is_reversed ? 1 : 0],
                         .directory = absolute_path(words[is_reversed ? 0 : 1])};
}

int end_with_savepoint(const Cluster& cluster, JobId job, const JobAndDirectory& words, AfterSavepoint how) {
  const auto path = cluster.client().savepoint(job, words.directory, how);
  if (!path) return fail(explain(path.error(), words.job, cluster).what);
  std::cout << "Savepoint completed. Path: " << *path << '\n';
  if (how == AfterSavepoint::Cancel) std::cout << "Cancelled job " << job.hex() << ".\n";
  if (how == AfterSavepoint::Stop)
    std::cout << "Stopped job " << job.hex() << "; it ends when all is processed.\n";
  return kExitOk;
}

}  // namespace weir
