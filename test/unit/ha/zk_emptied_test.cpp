// SPDX-License-Identifier: Apache-2.0
// A cluster whose jobs are in files, and a ZooKeeper that knows nothing of them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ha/election.h"
#include "ha/zk_paths.h"
#include "ha/zk_stores.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"
#include "test/support/zk_tree_model.h"

namespace weir {
namespace {

using testing::ZkTreeModel;

constexpr JobId kJob{.high = 1, .low = 2};

/// What all lives of ZooKeeper share.
struct Shared {
  testing::TemporaryDirectory directory;
  testing::FaultyFileSystem files;
  std::string jobs = directory.path("jobs");
  ZkPaths paths = *ZkPaths::make("/weir/", "test");

  [[nodiscard]] std::vector<std::string> job_files() {
    const auto names = files.list(jobs);
    return names ? *names : std::vector<std::string>();
  }
};

/// One life of ZooKeeper, under its first term.
struct Life {
  explicit Life(Shared& with) : shared(with) {
    for (int version = 0; version < 2; ++version) tree.write(shared.paths.epoch(), "");
  }

  Shared& shared;
  ZkTreeModel tree;
  ZkTerm term{tree, {.paths = shared.paths, .session = session_of_term(7, 1), .patience = 20ms}};
  ZkVerdictStore verdicts{term};
  ZkJobGraphStore store{term, verdicts, shared.files, shared.jobs};
};

TEST_CASE("where ZooKeeper was emptied, nobody leads without the jobs that were there") {
  Shared shared;
  REQUIRE(Life(shared).store.put({.id = kJob, .name = "one"}));
  const auto files = shared.job_files();
  REQUIRE(files.size() == 1);

  Life next(shared);
  const auto recovered = next.store.recover();
  REQUIRE_FALSE(recovered);
  CHECK(recovered.error().code == ErrorCode::Refused);
  const std::string missing = shared.jobs + " has jobs, as " + kJob.hex();
  CHECK(recovered.error().what.find(missing) != std::string::npos);
  CHECK(shared.job_files() == files);

  REQUIRE(shared.files.remove(shared.jobs + "/" + files.front()));
  CHECK(next.store.recover());
}

TEST_CASE("a first job whose leader died before it was on record does not look as if ZooKeeper was emptied") {
  Shared shared;
  Life life(shared);
  REQUIRE(life.store.put({.id = kJob, .name = "one"}));
  REQUIRE(life.term.remove(shared.paths.job(kJob)));
  REQUIRE(shared.job_files().size() == 1);
  const auto recovered = life.store.recover();
  REQUIRE(recovered);
  CHECK(recovered->empty());
}

}  // namespace
}  // namespace weir
