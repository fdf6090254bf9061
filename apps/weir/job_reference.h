// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "messages/job.h"

namespace weir {

/// The job that a person means who wrote an id, or the beginning of one that only one job has.
///
/// Errors: one line: no such job and the one that was probably meant, or the jobs that begin alike.
[[nodiscard]] Result<JobId> find_job(std::string_view written, const JobList& known);

}  // namespace weir
