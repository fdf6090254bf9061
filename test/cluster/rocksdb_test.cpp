// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "test/support/temporary_directory.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

bool has_rocksdb(const Process& process) {
  return content_of("/proc/" + std::to_string(process.pid()) + "/maps").find("librocksdb") !=
         std::string::npos;
}

TEST_CASE("RocksDB is loaded by the process that runs a job with state there, and by no other") {
  const TemporaryDirectory checkpoints;
  TestCluster cluster(
      {.task_managers = 1,
       .settings = {"state.backend=rocksdb", "state.checkpoints.dir=" + checkpoints.path("of-jobs")}});
  CHECK(!has_rocksdb(cluster.task_manager(0)));

  const std::string output = cluster.files().path("sums");
  const auto run = cluster.run(
      {.program = "sums", .arguments = {"--count", "700", "--pause", "0", "--output", output}});
  REQUIRE_MESSAGE(run.end == ProcessEnd{.code = 0}, run.err);
  CHECK(sorted_lines(content_of(output)).size() == 7);
  CHECK(has_rocksdb(cluster.task_manager(0)));
  CHECK(!has_rocksdb(cluster.job_manager()));
}

}  // namespace
}  // namespace weir::testing
