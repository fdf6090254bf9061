// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ha/job_storage.h"
#include "ha/zk_term.h"

namespace weir {

struct ZkStorageOptions {
  ZkTerm::Options term;
  std::string directory;       // of submitted jobs; all JobManagers see it
  bool may_fall_back = false;  // see ZkCheckpointStore::Options
};

/// What the leader of one term keeps. Whatever holds it, or a store that it opened, writes under that term
/// and no other. `tree` outlives it.
[[nodiscard]] std::shared_ptr<JobStorage> open_zk_storage(ZkTree& tree, const ZkStorageOptions& options);

}  // namespace weir
