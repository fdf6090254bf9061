// SPDX-License-Identifier: Apache-2.0
#include "ha/checkpoint_keeper.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "ha/memory_stores.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

/// What a job leaves that died amid a checkpoint.
struct Orphans {
  testing::TemporaryDirectory directory;
  LocalFileSystem files;
  std::string root = directory.path("job");
  CheckpointKeeper keeper{
      files,
      {std::make_unique<MemoryCheckpointStore>(), std::make_unique<MemoryCheckpointIdCounter>()},
      root};

  Orphans() {
    for (const char* name : {"job/chk-4/_metadata", "job/chk-4/op-0", "job/chk-5/op-1.unfinished"}) {
      std::filesystem::create_directories(std::filesystem::path(directory.path(name)).parent_path());
      directory.file(name, "bytes");
    }
  }
};

TEST_CASE("a job that is over leaves nothing, also of checkpoints that nobody completed") {
  Orphans job;
  job.keeper.close(false);
  CHECK(!std::filesystem::exists(job.root));
}

TEST_CASE("whose checkpoints somebody wants keeps all of them") {
  Orphans job;
  job.keeper.close(true);
  CHECK(std::filesystem::exists(job.root + "/chk-4/_metadata"));
  CHECK(std::filesystem::exists(job.root + "/chk-5/op-1.unfinished"));
}

TEST_CASE("what lies beside checkpoints is not theirs") {
  Orphans job;
  std::filesystem::create_directories(job.root + "/savepoint-1");
  job.directory.file("job/savepoint-1/_metadata", "bytes");
  job.directory.file("job/notes", "bytes");
  job.keeper.close(false);
  CHECK(std::filesystem::exists(job.root + "/savepoint-1/_metadata"));
  CHECK(std::filesystem::exists(job.root + "/notes"));
  CHECK(!std::filesystem::exists(job.root + "/chk-4"));
}

}  // namespace
}  // namespace weir
