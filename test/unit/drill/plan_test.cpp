// SPDX-License-Identifier: Apache-2.0
// What is to be done in a drill, and what is then said of it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "apps/drill/faults.h"
#include "apps/drill/options.h"
#include "apps/drill/order.h"
#include "apps/drill/outcome.h"
#include "apps/drill/own_cluster.h"
#include "apps/drill/report.h"

namespace weir::drill {
namespace {

constexpr TimePoint kStart{};

Result<Order> order(const std::vector<std::string>& words) {
  const auto line = CommandLine::parse(kOptions, words);
  REQUIRE(line);
  return read_order(*line, 42);
}

TEST_CASE("every row that can be injected has a drill, and each a name of its own") {
  std::set<unsigned> rows;
  std::set<std::string_view> names;
  for (const FaultKind& kind : fault_kinds()) {
    rows.insert(kind.row);
    CHECK(names.insert(kind.name).second);
    CHECK(kind.output > Duration::zero());
    CHECK(plan_of(kind.name, 1)->faults.size() == 1);
  }
  for (const Combination& combination : combinations()) {
    rows.insert(combination.row);
    CHECK(plan_of(combination.name, 1)->faults.size() > 1);
  }
  CHECK(rows == std::set<unsigned>{1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 24, 25, 26, 27, 35});
}

TEST_CASE("the same seed plans the same, another one something else") {
  CHECK(random_plan(7, 60s, true) == random_plan(7, 60s, true));
  CHECK(random_plan(7, 60s, true) != random_plan(8, 60s, true));
  CHECK(*plan_of("pair", 7) == *plan_of("pair", 7));
}

TEST_CASE("without a network of its own a random drill cuts nothing") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Plan plan = random_plan(seed, 60s, false);
    CHECK(!plan.faults.empty());
    CHECK(std::ranges::none_of(plan.faults, [](const Planned& one) { return kind_of(one.fault).cuts; }));
  }
}

TEST_CASE("an unknown drill comes with the nearest known one") {
  const auto plan = plan_of("leader-kil", 1);
  REQUIRE(!plan);
  CHECK(plan.error().what == "there is no drill 'leader-kil'; did you mean 'leader-kill'?");
}

TEST_CASE("an order says again what was chosen") {
  const auto several = order({"run", "leader-kill", "taskmanager-kill", "--times", "3", "--slack", "2.5"});
  REQUIRE(several);
  CHECK(several->plans.size() == 6);
  CHECK(several->plans[2].seed == 44);
  CHECK(several->slack == 2.5);
  CHECK(several->command == "weir drill run leader-kill taskmanager-kill --times 3 --seed 42 --slack 2.5");
  const auto random = order({"--seed", "9", "random", "--minutes", "0.5"});
  REQUIRE(random);
  CHECK(random->length == 30s);
  CHECK(random->command == "weir drill random --minutes 0.5 --seed 9");
  CHECK(order({"run", "all"})->plans.size() == fault_kinds().size() + combinations().size());
}

TEST_CASE("orders that make no sense are refused in one line") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"runn"}, {"run"}, {"run", "x"}, {"random", "leader-kill"},
        {"random", "--minutes", "-1"}, {"run", "leader-kill", "--break", "all"},
        {"run", "leader-kill", "--seed", "x"}, {"run", "leader-kill", "--nonsense"}}) {
    const auto read = order(words);
    REQUIRE(!read);
    CHECK(!read.error().what.empty());
    CHECK(read.error().what.find('\n') == std::string::npos);
  }
}

TEST_CASE("processes of an operator's cluster are lines") {
  const auto nodes = parse_pids("# mine\njobmanager-1 4711 127.0.0.1:6123\n\n  taskmanager-a 4712 # spare\n");
  REQUIRE(nodes);
  CHECK(*nodes ==
        std::vector<OwnNode>{{"jobmanager-1", 4711, "127.0.0.1:6123"}, {"taskmanager-a", 4712, ""}});
  for (const char* text : {"", "# nothing\n", "jobmanager-1\n", "jobmanager-1 x\n", "sshd 800\n",
                           "taskmanager-1 0\n", "taskmanager-1 1\n", "taskmanager-1 -4711\n"})
    CHECK_MESSAGE(!parse_pids(text), text);
}

TEST_CASE("a process that is none of Weir's is not to be harmed") {
  const OwnCluster ours{.nodes = {{"taskmanager-1", ::getpid(), ""}}};
  CHECK(!check_processes(ours));
}

TEST_CASE("which cluster is to be broken is said in one way") {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--cluster", "/nowhere"}, {"--pids", "/nowhere"}, {"-m", "a:1"},
        {"--zookeeper", "a:1"}, {"--cluster", "/nowhere", "--pids", "/nowhere"}}) {
    std::vector<std::string> words{"run", "leader-kill"};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(!order(words));
  }
}

TEST_CASE("freezes may be longer than planned") {
  const auto read = order({"run", "leader-freeze", "leader-kill", "--hold", "8.5"});
  REQUIRE(read);
  CHECK(read->plans[0].faults[0].hold == 8500ms);
  CHECK(read->plans[1].faults[0].hold == 0s);
}

TEST_CASE("recovery is measured to the first output that nothing of before can account for") {
  History history;
  history.leaders = {{.epoch = 1, .address = "a", .owner = 1, .at = kStart},
                     {.epoch = 2, .address = "b", .owner = 2, .at = kStart + 1100ms}};
  for (const auto& [checkpoint, at] : {std::pair{6, 900ms}, {7, 1050ms}, {9, 1400ms}, {10, 1500ms}})
    history.outputs.push_back(
        {.file = "x", .checkpoint = static_cast<std::uint64_t>(checkpoint), .at = kStart + at});
  FaultTimes fault{.fault = Fault::LeaderKill, .target = {}, .skipped = {}, .at = kStart + 1s,
                   .healed = kStart + 1s, .epoch = 1, .checkpoint = 6};
  measure(fault, history, {kStart + 500ms, kStart + 1200ms, kStart + 1300ms, kStart + 1450ms});
  CHECK(fault.leader == 100ms);
  CHECK(fault.output == 400ms);
  CHECK(fault.running == 300ms);
}

TEST_CASE("a fault whose bound runs from its heal is measured from there") {
  History history;
  history.outputs = {{.file = "x", .checkpoint = 8, .at = kStart + 6s}};
  FaultTimes fault{.fault = Fault::AllJobManagersKill, .target = {}, .skipped = {}, .at = kStart + 1s,
                   .healed = kStart + 5s, .epoch = 1, .checkpoint = 2, .healed_checkpoint = 3};
  measure(fault, history, {});
  CHECK(fault.output == 1s);
  CHECK(!fault.leader);
}

Outcome outcome(Fault fault) {
  Outcome made;
  made.plan = {.name = std::string(name_of(fault)), .seed = 1, .faults = {{fault, {}, {}}}};
  made.faults = {{.fault = fault, .target = {}, .skipped = {}, .output = 200ms}};
  made.ledger.events = 10;
  return made;
}

TEST_CASE("a drill that could not be carried out is not valid") {
  Outcome whole = outcome(Fault::LeaderKill);
  CHECK(whole.is_valid());
  Outcome skipped = whole;
  skipped.faults[0].skipped = "no network";
  CHECK(!skipped.is_valid());
  Outcome not_run = whole;
  not_run.skipped = "no ZooKeeper";
  CHECK(!not_run.is_valid());
  Outcome found = whole;
  found.findings = {"x"};
  CHECK(!found.is_valid());
}

TEST_CASE("a report counts by class, and is valid if all is") {
  Report report{.command = "weir drill run", .machine = "m", .network = "n", .seed = 1, .drills = {}};
  CHECK(!report.is_valid());  // nothing was drilled
  report.drills = {outcome(Fault::LeaderKill), outcome(Fault::LeaderKill), outcome(Fault::TaskThrows)};
  CHECK(report.is_valid());
  report.drills[1].findings = {"lost"};
  report.drills[2].faults[0].skipped = "why";
  CHECK(!report.is_valid());
  auto classes = report.classes();
  CHECK(classes["leader-kill"].injected == 2);
  CHECK(classes["leader-kill"].survived == 1);
  CHECK(classes["leader-kill"].output.max() == 200ms);
  CHECK(classes["task-throws"].skipped == 1);
  CHECK(classes["task-throws"].survived == 0);
  const std::string text = report_text(report);
  CHECK(text.find("verdict: invalid") != std::string::npos);
  CHECK(text.find("skipped  task-throws --seed 1: task-throws: why") != std::string::npos);
  CHECK(text.find("again: weir drill run") != std::string::npos);
  const std::string json = report_json(report);
  for (const char* field : {"\"lost\": 0", "\"duplicated\": 0", "\"verdict\": \"invalid\"", "\"seed\": 1",
                            "\"recovery_ms\"", "\"faults\"", "\"skipped\": 1"})
    CHECK_MESSAGE(json.find(field) != std::string::npos, field);
}

TEST_CASE("percentiles are values that occurred") {
  Spread spread;
  for (int i = 100; i > 0; --i) spread.add(std::chrono::milliseconds(i));
  CHECK(spread.percentile(50) == 50ms);
  CHECK(spread.percentile(99) == 99ms);
  CHECK(spread.max() == 100ms);
  Spread one;
  one.add(7ms);
  CHECK(one.percentile(50) == 7ms);
  CHECK(one.percentile(99) == 7ms);
}

}  // namespace
}  // namespace weir::drill
