// SPDX-License-Identifier: Apache-2.0
// Each checker sees what is wrong in a history, and nothing where nothing is.
#include "apps/drill/checkers.h"

#include <doctest/doctest.h>

#include <string>

namespace weir::drill {
namespace {

constexpr TimePoint kStart{};

LeaderSeen leader(std::uint64_t epoch, const std::string& address, std::int64_t owner = 1) {
  return {.epoch = epoch, .address = address, .owner = owner, .at = kStart};
}

OutputSeen output(const std::string& file, Duration at, OutputSeen::Kind kind = OutputSeen::Kind::Committed) {
  return {.kind = kind, .file = file, .checkpoint = 1, .at = kStart + at};
}

TEST_CASE("a term has one leader, however often he is seen") {
  LeaderChecker checker;
  for (const LeaderSeen& seen : {leader(1, "a:1"), leader(1, "a:1"), leader(2, "b:1"), leader(4, "a:1", 2)})
    checker.add(seen);
  CHECK(checker.findings().empty());
  CHECK(checker.terms() == 3);
}

TEST_CASE("two leaders of one term are found") {
  LeaderChecker checker;
  checker.add(leader(1, "a:1"));
  SUBCASE("at other places") { checker.add(leader(1, "b:1")); }
  SUBCASE("at one place, with two sessions") { checker.add(leader(1, "a:1", 2)); }
  CHECK(checker.findings().size() == 1);
}

TEST_CASE("a term that comes late is found") {
  LeaderChecker checker;
  checker.add(leader(2, "a:1"));
  checker.add(leader(1, "b:1"));
  CHECK(checker.findings().size() == 1);
}

TEST_CASE("ids of checkpoints rise in the order in which ZooKeeper learned of them, not in which we look") {
  CheckpointChecker checker;
  checker.add({.id = 9, .created = 30, .at = kStart});
  checker.add({.id = 2, .created = 10, .at = kStart});
  checker.add({.id = 5, .created = 20, .at = kStart});
  CHECK(checker.findings().empty());
  CHECK(checker.highest() == 9);
  SUBCASE("one that falls") { checker.add({.id = 6, .created = 40, .at = kStart}); }
  SUBCASE("one that is used again") { checker.add({.id = 9, .created = 40, .at = kStart}); }
  SUBCASE("one in between") { checker.add({.id = 7, .created = 15, .at = kStart}); }
  CHECK(checker.findings().size() == 1);
}

TEST_CASE("output only grows") {
  OutputChecker checker;
  checker.add(output("a", 0s));
  checker.add(output("b", 1s));
  checker.add(output("c", 4s));
  CHECK(checker.findings().empty());
  CHECK(checker.commits() == 3);
  CHECK(checker.longest_gap() == 3s);
  SUBCASE("what is removed") { checker.add(output("b", 5s, OutputSeen::Kind::Removed)); }
  SUBCASE("what is changed") { checker.add(output("b", 5s, OutputSeen::Kind::Changed)); }
  SUBCASE("what comes again") { checker.add(output("b", 5s)); }
  CHECK(checker.findings().size() == 1);
}

TEST_CASE("a ledger without events proves nothing, and one that is not clean is a finding") {
  CHECK(check_ledger({}).size() == 1);
  CHECK(check_ledger({.events = 5}).empty());
  CHECK(check_ledger({.events = 5, .lost = 1}).size() == 1);
  CHECK(check_ledger({.events = 5, .duplicated = 1}).size() == 1);
  CHECK(check_ledger({.events = 5, .wrong = 1}).size() == 1);
}

TEST_CASE("where a zombie was to be refused, it must have been") {
  RefusalChecker checker;
  CHECK(checker.findings().empty());
  checker.expect("leader-freeze");
  CHECK(checker.findings().size() == 1);
  checker.add(2);
  CHECK(checker.findings().empty());
  CHECK(checker.refused() == 2);
  checker.accepted("a deposed leader cancelled a job");
  CHECK(checker.findings().size() == 1);
}

TEST_CASE("the client is told once, and the truth") {
  const std::string seen = "12:00:00  Job execution switched to status FINISHED.";
  const std::string finished = "Job with JobID 0123 has finished.";
  AnswerChecker checker;
  checker.add_line("12:00:00  Job execution switched to status RUNNING.");
  bool was_attached = true;
  std::size_t wrong = 1;
  SUBCASE("as it should be") {
    checker.add_line(finished);
    checker.add_state("FINISHED");
    checker.add_exit(0);
    wrong = 0;
  }
  SUBCASE("as it should be, with all its steps") {
    checker.add_line(seen);
    checker.add_line(finished);
    checker.add_state("FINISHED");
    checker.add_exit(0);
    wrong = 0;
  }
  SUBCASE("the last step twice") {
    checker.add_line(seen);
    checker.add_line(seen);
    checker.add_line(finished);
    checker.add_state("FINISHED");
  }
  SUBCASE("a client that is gone is told nothing") {
    checker.add_state("FINISHED");
    was_attached = false;
    wrong = 0;
  }
  SUBCASE("never") { checker.add_state("FINISHED"); }
  SUBCASE("twice") {
    checker.add_line(finished);
    checker.add_line(finished);
    checker.add_state("FINISHED");
  }
  SUBCASE("a lie") {
    checker.add_line(finished);
    checker.add_state("RUNNING");
  }
  SUBCASE("that it failed") {
    checker.add_line("12:00:00  Job execution switched to status FAILED.");
    checker.add_line(finished);
    checker.add_state("FINISHED");
  }
  SUBCASE("and nobody else knows") { checker.add_line(finished); }
  SUBCASE("with a wrong exit code") {
    checker.add_line(finished);
    checker.add_state("FINISHED");
    checker.add_exit(1);
  }
  CHECK(checker.findings(was_attached).size() == wrong);
}

TEST_CASE("whatever is left is a finding") {
  CHECK(check_leaks({}).empty());
  CHECK(check_leaks({.processes = {"1"}, .files = {"a", "b"}, .nodes = {"/x"}, .ports = {"7"}}).size() == 5);
}

TEST_CASE("whoever lived through a drill has what it had before") {
  constexpr std::size_t kMegabyte = 1 << 20;
  const ProcessUse before{.resident_bytes = 30 * kMegabyte, .descriptors = 40, .threads = 12};
  ProcessUse after = before;
  CHECK(check_growth({{"jobmanager-1", before, after}}).empty());
  after.descriptors += Growth::kDescriptors;
  after.threads += Growth::kThreads;
  after.resident_bytes += Growth::kMegabytes * kMegabyte;
  CHECK(check_growth({{"jobmanager-1", before, after}}).empty());
  SUBCASE("descriptors") { ++after.descriptors; }
  SUBCASE("threads") { ++after.threads; }
  SUBCASE("memory") { after.resident_bytes += kMegabyte; }
  CHECK(check_growth({{"jobmanager-1", before, after}, {"taskmanager-1", before, before}}).size() == 1);
}

TEST_CASE("a job that was to go on did so") {
  const JobSeen before{.state = "RUNNING", .restarts = 1, .attempts = {1, 1}, .data_addresses = {}};
  JobSeen after = before;
  CHECK(check_untouched(before, after, 3, 3).empty());
  CHECK(check_untouched(before, after, 3, 4).size() == 1);
  after.attempts[1] = 2;
  CHECK(check_untouched(before, after, 3, 3).size() == 1);
  after = before;
  after.restarts = 2;
  CHECK(check_untouched(before, after, 3, 3).size() == 1);
}

TEST_CASE("logs without broken promises are fine") {
  CHECK(check_logs("INFO all is well\nWARN not quite").empty());
  CHECK(check_logs("INFO a\nweir: broken promise at x.cpp:1: y\nERROR: AddressSanitizer: z\n").size() == 2);
}

TEST_CASE("what takes too long, or does not happen, is found; slack moves the bound") {
  const std::vector<Liveness> seen{{.what = "output", .took = 3s, .bound = 2s},
                                   {.what = "a leader", .took = 3s, .bound = {}}};
  CHECK(check_liveness(seen, 1).size() == 1);
  CHECK(check_liveness(seen, 1.5).empty());
  CHECK(check_liveness({{.what = "output", .took = {}, .bound = 2s, .has_happened = false}}, 100).size() ==
        1);
}

}  // namespace
}  // namespace weir::drill
