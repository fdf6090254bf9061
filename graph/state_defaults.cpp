// SPDX-License-Identifier: Apache-2.0
#include "graph/state_defaults.h"

#include <string_view>
#include <utility>

namespace weir {

Result<std::string> local_directory(const std::string& named) {
  constexpr std::string_view kScheme = "file://";
  std::string path = named.starts_with(kScheme) ? named.substr(kScheme.size()) : named;
  if (named.empty() || path.starts_with('/')) return path;
  return Error{ErrorCode::BadArgument, "'" + named +
                                           "' is no directory for state: expected an absolute path, or "
                                           "file:// and one, which all machines of the cluster see"};
}

Result<CheckpointSettings> chosen_checkpoints(CheckpointSettings job, const StateDefaults& cluster) {
  if (job.backend.kind > BackendKind::RocksDb)
    return Error{ErrorCode::BadArgument, "the job wants a state backend that does not exist"};
  if (job.backend.kind == BackendKind::Cluster) job.backend = cluster.backend;
  if (job.directory.empty()) job.directory = cluster.checkpoint_directory;
  auto directory = local_directory(job.directory);
  if (!directory) return directory.error();
  job.directory = *std::move(directory);
  if (job.is_periodic() && job.backend.kind != BackendKind::Memory && job.directory.empty()) {
    return Error{ErrorCode::BadArgument,
                 "the job's state backend writes checkpoints into files, but nobody has said where: set "
                 "state.checkpoints.dir"};
  }
  return job;
}

}  // namespace weir
