// SPDX-License-Identifier: Apache-2.0
// Sorts and joins of more than fits into memory, in real processes: how much of it they take, and what they
// leave on disk.
#include <doctest/doctest.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::size_t kRecordBytes = 64;

/// One TaskManager with so much managed memory, and few other things.
TestCluster::Options with_memory(std::size_t megabytes) {
  return {.task_managers = 1,
          .slots = 1,
          .settings = {"taskmanager.memory.size=" + std::to_string(megabytes) + "mb",
                       "taskmanager.network.memory.max=4mb"}};
}

Submission job(const std::string& what, std::uint64_t records, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"--do", what, "--records", std::to_string(records)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return {.program = "bounded", .arguments = std::move(arguments), .parallelism = 1};
}

/// The most that a process ever had in memory.
std::size_t peak_resident_bytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::size_t kilobytes = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> kilobytes;
  }
  return kilobytes * 1024;
}

/// Of all processes of the cluster.
std::size_t spilled_files(const TestCluster& cluster) {
  std::error_code gone;  // files go while we look
  std::size_t count = 0;
  for (std::filesystem::recursive_directory_iterator at(cluster.files().path(), gone), end;
       !gone && at != end; at.increment(gone)) {
    if (at->path().extension() == ".channel") ++count;
  }
  return count;
}

/// Each input is `times` the managed memory.
void run_in(std::size_t megabytes, std::size_t times) {
  const std::uint64_t records = times * megabytes * kMegabyte / kRecordBytes;
  for (const std::string what : {"sort", "hash", "merge"}) {
    CAPTURE(what);
    TestCluster cluster(with_memory(megabytes));
    const auto run = cluster.start(job(what, records));
    const auto end = run->await_end(600s);
    REQUIRE(end.has_value());
    CHECK_MESSAGE(*end == ProcessEnd{.code = 0}, run->text(Process::Stream::Err));
    CHECK(run->await_line("results: " + std::to_string(records)).has_value());
    const std::size_t peak = peak_resident_bytes(cluster.task_manager(0).pid());
    MESSAGE(what << " of " << times * megabytes << " MB in " << megabytes << " MB: peak "
                 << peak / kMegabyte << " MB resident");
    CHECK(2 * peak > megabytes * kMegabyte);  // it is used; a merge join takes not quite all
    CHECK(peak < (megabytes + 64) * kMegabyte);
    CHECK(spilled_files(cluster) == 0);
  }
}

TEST_CASE("inputs of four times the memory are sorted and joined in the memory and little more") {
  run_in(8, 4);
}

TEST_CASE("large inputs of four times the memory are sorted and joined in the memory and little more") {
  run_in(128, 4);
}

TEST_CASE("what is on disk is gone when its job was cancelled, and when its TaskManager was killed") {
  TestCluster cluster(with_memory(4));
  const auto begin = [&] {
    auto run = cluster.start(job("sort", 500'000, {"--slow-after", "100000"}));
    const std::string id = TestCluster::id_of(*run);
    CHECK(eventually([&] { return cluster.status(id)["accumulators"].value("results", 0) >= 100'000; }));
    CHECK(spilled_files(cluster) > 2);
    return std::pair(std::move(run), id);
  };
  {
    const auto [run, id] = begin();
    CHECK(cluster.weir("cancel", {id}).end == ProcessEnd{.code = 0});
    CHECK(run->await_end(20s) == ProcessEnd{.code = 1});
    CHECK(eventually([&] { return spilled_files(cluster) == 0; }));
  }
  const auto [run, id] = begin();
  cluster.kill(0);
  CHECK(run->await_end(20s) == ProcessEnd{.code = 1});
  CHECK(spilled_files(cluster) > 2);
  (void)cluster.start_task_manager();
  CHECK(spilled_files(cluster) == 0);
}

}  // namespace
}  // namespace weir::testing
