// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "ha/ports.h"
#include "ha/zk_term.h"

namespace weir {

/// Removes what a leader left of these jobs, which have ended, because it died in between: their files below
/// `jobs_directory`, counters, and checkpoints unless somebody wants them kept.
///
/// Errors: what cannot be removed stays and is logged.
void sweep_after(const std::vector<JobVerdict>& ended, ZkTerm& term, FileSystem& files,
                 const std::string& jobs_directory);

}  // namespace weir
