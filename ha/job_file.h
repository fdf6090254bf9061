// SPDX-License-Identifier: Apache-2.0
// A submitted job as a sealed file (base/sealed_file.h).
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "graph/job_graph.h"

namespace weir {

[[nodiscard]] Status write_job(FileSystem& files, const std::string& path, const JobGraph& job);
/// Errors: NotFound, IoFailure, or Corrupt.
[[nodiscard]] Result<JobGraph> read_job(FileSystem& files, const std::string& path);

}  // namespace weir
