// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/drill/cluster.h"
#include "apps/drill/history.h"
#include "apps/drill/ledger.h"
#include "base/ids.h"
#include "base/result.h"

namespace weir::drill {

/// The verifiable job on a cluster, and the client that waits for its end.
///
/// Threads: one.
class JobRun {
public:
  struct Options {
    std::string folder;         // is there; for what the job reads and writes
    std::string library;        // libverifiable.so
    std::uint64_t seed = 1;
    std::uint32_t parallelism = 2;
    std::uint32_t partitions = 5;
    std::uint64_t keys = 100;
    std::uint64_t rate = 2000;  // events a second of each subtask
    std::string broken;         // on purpose; empty: nothing
    std::uint32_t deaths = 0;  // so many tasks kill their TaskManagers at delicate moments
  };

  /// The job is submitted. `cluster` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<JobRun>> start(Cluster& cluster, Options options);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] JobId id() const { return id_; }
  [[nodiscard]] Process& client() { return *client_; }
  [[nodiscard]] std::string output() const { return options_.folder + "/out"; }
  /// A task that finds this file throws, once.
  [[nodiscard]] std::string throw_file() const { return options_.folder + "/throw"; }
  /// What `weir run` is told to run such a job.
  [[nodiscard]] static std::vector<std::string> words_of(const Options& options);

  /// How it stands. Errors: the cluster does not say.
  [[nodiscard]] Result<JobSeen> look() const;
  /// Has the sources end.
  void finish() const;
  /// Of all that was committed.
  [[nodiscard]] Verdict reckon() const;

private:
  JobRun(Cluster& cluster, Options options) : cluster_(cluster), options_(std::move(options)) {}

  Cluster& cluster_;
  const Options options_;
  JobId id_;
  std::unique_ptr<Process> client_;
};

/// What `weir status --output json JOB` tells.
[[nodiscard]] Result<JobSeen> parse_job(const std::string& json);
/// `messages-refused` of what `weir status --output json` tells; 0 if it tells none.
[[nodiscard]] std::uint64_t refused_of(const std::string& json);
/// How many jobs `weir list --output json` tells, and their ids.
[[nodiscard]] std::vector<std::string> jobs_of(const std::string& json);

}  // namespace weir::drill
