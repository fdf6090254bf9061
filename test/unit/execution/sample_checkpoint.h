// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "test/support/temporary_directory.h"
#include "test/unit/execution/counting_job.h"

namespace weir::testing {

struct SampleKind {
  StateBackend backend;
  bool is_savepoint = false;
  std::uint32_t parallelism = 1;
};

/// Of a job with a keyed sum and places of its sources, when kHalf of its numbers are counted. It lies with
/// its metadata in the folder "root".
inline CompletedCheckpoint take_sample(const TemporaryDirectory& directory, const SampleKind& kind) {
  const std::string root = directory.path("root");
  Worker::Options options = small_worker();
  options.state.directory = directory.path("local");
  options.state.inline_bytes = 0;
  LocalJob job(options);
  auto gate = std::make_shared<Gate>();
  Result<CompletedCheckpoint> taken = Error{};
  job.when_running([&] {
    gate->await_waiting(kind.parallelism);
    job.trigger_checkpoint(7, root, kind.is_savepoint);
    gate->open();
    taken = job.await_checkpoint(7);
  });
  const JobOutcome outcome = job.run(
      [&](Environment& env) {
        env.enable_checkpointing(1h, {.backend = kind.backend});
        counting(gate, std::make_shared<Words>())(env);
      },
      kind.parallelism);
  REQUIRE_MESSAGE(taken.has_value(), taken.error().what);
  REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  taken->root = root;
  taken->directory = kind.is_savepoint ? root : root + "/" + directory_of(7);
  taken->is_savepoint = kind.is_savepoint;
  LocalFileSystem disk;
  REQUIRE(write_metadata(disk, *taken));
  return *std::move(taken);
}

}  // namespace weir::testing
