// SPDX-License-Identifier: Apache-2.0
#include "graph/state_defaults.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

const StateDefaults kCluster{.backend = {.kind = BackendKind::RocksDb, .incremental = true},
                             .checkpoint_directory = "/cluster",
                             .savepoint_directory = {}};

TEST_CASE("a job that says nothing keeps its state as the cluster does") {
  const auto chosen = chosen_checkpoints({.interval = 10s}, kCluster);
  REQUIRE(chosen);
  CHECK(chosen->backend == kCluster.backend);
  CHECK(chosen->directory == "/cluster");
  CHECK(chosen->interval == 10s);
}

TEST_CASE("what a job says about its state beats what the cluster says") {
  const auto chosen = chosen_checkpoints(
      {.interval = 10s, .directory = "file:///job", .backend = {.kind = BackendKind::FileSystem}}, kCluster);
  REQUIRE(chosen);
  CHECK(chosen->backend == StateBackend{.kind = BackendKind::FileSystem});
  CHECK(chosen->directory == "/job");
}

TEST_CASE("checkpoints in files need a directory, those in memory and jobs without any do not") {
  const StateDefaults nowhere;
  const StateBackend in_files{.kind = BackendKind::FileSystem};
  const auto refused = chosen_checkpoints({.interval = 1s, .backend = in_files}, nowhere);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("set state.checkpoints.dir") != std::string::npos);
  CHECK(chosen_checkpoints({.interval = 1s}, nowhere));
  CHECK(chosen_checkpoints({.backend = in_files}, nowhere));
  CHECK(chosen_checkpoints({.interval = 1s, .directory = "/job", .backend = in_files}, nowhere));
}

TEST_CASE("a directory is absolute and of a file system that machines mount") {
  CHECK(*local_directory("") == "");
  CHECK(*local_directory("/a/b") == "/a/b");
  CHECK(*local_directory("file:///a/b") == "/a/b");
  for (const char* other : {"a/b", "hdfs://host/a", "file://a"}) {
    CAPTURE(other);
    REQUIRE_FALSE(local_directory(other));
    CHECK(local_directory(other).error().what.find(other) != std::string::npos);
  }
}

TEST_CASE("a backend that does not exist is refused") {
  CHECK_FALSE(chosen_checkpoints({.backend = {.kind = static_cast<BackendKind>(9)}}, kCluster));
}

}  // namespace
}  // namespace weir
