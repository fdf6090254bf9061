// SPDX-License-Identifier: Apache-2.0
// What the verbs about savepoints have in common.
#pragma once

#include <string>

#include "apps/command_line.h"
#include "apps/weir/cluster.h"
#include "base/ids.h"
#include "base/result.h"
#include "messages/checkpoint.h"

namespace weir {

/// As seen from where the person is; empty stays empty. "file://" in front is left out.
[[nodiscard]] std::string absolute_path(const std::string& written);

/// `JOB [DIR]`, as people write it: also the other way round.
struct JobAndDirectory {
  std::string job;        // an id, or its beginning
  std::string directory;  // absolute; empty: none was named
};
/// Errors: one line that says how `verb` is used.
[[nodiscard]] Result<JobAndDirectory> job_and_directory(const CommandLine& line, const std::string& verb);

/// The answer is the exit code.
int end_with_savepoint(const Cluster& cluster, JobId job, const JobAndDirectory& words, AfterSavepoint how);

}  // namespace weir
