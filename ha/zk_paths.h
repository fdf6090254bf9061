// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace weir {

/// Where things of one cluster are in ZooKeeper:
///
///   <root>/<cluster>/epoch                     its version counts the terms of leaders
///                   /leader                    ephemeral: who leads
///                   /jobs/<job>                pointer to a submitted job
///                   /rounds/<job>              which attempts were deployed last for a job
///                   /checkpoints/<job>/<id>    pointer to a completed checkpoint
///                   /counters/<job>            next checkpoint id that nobody has reserved
///                   /verdicts/<job>            how a job ended
class ZkPaths {
public:
  /// Errors: a name that ZooKeeper would not take.
  [[nodiscard]] static Result<ZkPaths> make(std::string_view root, std::string_view cluster);

  [[nodiscard]] const std::string& cluster() const { return cluster_; }
  [[nodiscard]] std::string epoch() const { return cluster_ + "/epoch"; }
  [[nodiscard]] std::string leader() const { return cluster_ + "/leader"; }
  [[nodiscard]] std::string jobs() const { return cluster_ + "/jobs"; }
  [[nodiscard]] std::string job(JobId id) const { return jobs() + "/" + id.hex(); }
  [[nodiscard]] std::string round(JobId id) const { return cluster_ + "/rounds/" + id.hex(); }
  [[nodiscard]] std::string checkpoints() const { return cluster_ + "/checkpoints"; }
  [[nodiscard]] std::string checkpoints(JobId id) const { return checkpoints() + "/" + id.hex(); }
  [[nodiscard]] std::string counters() const { return cluster_ + "/counters"; }
  [[nodiscard]] std::string counter(JobId id) const { return counters() + "/" + id.hex(); }
  [[nodiscard]] std::string verdicts() const { return cluster_ + "/verdicts"; }
  [[nodiscard]] std::string verdict(JobId id) const { return verdicts() + "/" + id.hex(); }

private:
  explicit ZkPaths(std::string cluster) : cluster_(std::move(cluster)) {}

  std::string cluster_;
};

}  // namespace weir
