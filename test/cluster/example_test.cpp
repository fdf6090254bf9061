// SPDX-License-Identifier: Apache-2.0
// What examples/exactly_once_files says of itself: not a number is missing, and none is there twice.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "test/support/temporary_directory.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

constexpr int kCustomers = 100;
constexpr int kOrdersOfEach = 20'000;

std::string orders() {
  std::string lines;
  for (int order = 0; order < kOrdersOfEach; ++order)
    for (int customer = 0; customer < kCustomers; ++customer)
      lines += "customer" + std::to_string(customer) + ",article" + std::to_string(order % 7) + "\n";
  return lines;
}

std::string numbers() {
  std::string lines;
  for (int customer = 0; customer < kCustomers; ++customer)
    for (int order = 1; order <= kOrdersOfEach; ++order)
      lines += "customer" + std::to_string(customer) + " " + std::to_string(order) + "\n";
  return lines;
}

/// What whoever reads the directory sees.
std::vector<std::filesystem::path> visible_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(directory)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (!entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
  return files;
}

TEST_CASE("a TaskManager is killed in mid-file, and each order has one number") {
  TestCluster cluster({.task_managers = 2, .slots = 2});
  const std::string input = cluster.files().file("orders", orders());
  const std::string output = cluster.files().path("numbered");
  const auto run =
      cluster.start({.program = "exactly_once_files",
                     .arguments = {"--input", input, "--output", output, "--checkpoint-ms", "20"},
                     .parallelism = 2});
  REQUIRE(eventually([&] { return !visible_files(output).empty(); }));
  cluster.kill(0);
  REQUIRE_MESSAGE(run->await_line("switched to status RESTARTING", 20s, Process::Stream::Err),
                  run->text(Process::Stream::Err));
  REQUIRE(run->await_end(60s) == ProcessEnd{.code = 0});

  std::string seen;
  for (const auto& file : visible_files(output)) seen += content_of(file);
  // Compared as a whole: two million lines are not for a message.
  const bool is_exact = sorted_lines(seen) == sorted_lines(numbers());
  CHECK(is_exact);
}

}  // namespace
}  // namespace weir::testing
