// SPDX-License-Identifier: Apache-2.0
// States that are known before anything runs, and what becomes of a checkpoint when the program has changed.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "api/built_program.h"
#include "api/program.h"
#include "api/program_loader.h"
#include "checkpoint/coordinator/state_assignment.h"
#include "test/support/gate.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::Gate;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

constexpr std::uint64_t kNumbers = 1000;
constexpr std::uint64_t kShops = 10;

std::string shop_of(std::uint64_t number) { return "shop-" + std::to_string(number % kShops); }

namespace first {
struct Sale {
  std::string shop;
  std::int32_t cents = 0;
  bool is_gone_later = true;
};
}  // namespace first
namespace second {
struct Sale {
  double rate = 1.5;
  std::int64_t cents = 0;
  std::string shop;
};
}  // namespace second
namespace third {
struct Sale {
  std::string shop;
  float cents = 0;
};
}  // namespace third

/// Sums the sales of each shop, one cent each. The sources wait in the middle.
template <class Sale>
LocalJob::Build sums(std::shared_ptr<Gate> gate, std::shared_ptr<Collected<Sale>> out) {
  return [=](Environment& env) {
    env.generate(kNumbers,
                 [gate](std::uint64_t number) {
                   if (number >= kNumbers / 2) gate->pass();
                   Sale sale;
                   sale.shop = shop_of(number);
                   sale.cents = 1;
                   return sale;
                 })
        .uid("sales")
        .key_by(&Sale::shop)
        .sum(&Sale::cents)
        .uid("revenue")
        .name("revenue")
        .collect(out);
  };
}

/// Runs a program that waits at the gate, and takes a checkpoint there.
CompletedCheckpoint checkpoint_of(const LocalJob::Build& program, Gate& gate) {
  LocalJob job;
  Result<CompletedCheckpoint> checkpoint = Error{};
  job.when_running([&] {
    gate.await_waiting(2);
    job.trigger_checkpoint(7);
    gate.open();
    checkpoint = job.await_checkpoint(7);
  });
  const JobOutcome outcome = job.run(program, 2);
  REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().what);
  return *std::move(checkpoint);
}

std::shared_ptr<Gate> open_gate() {
  auto gate = std::make_shared<Gate>();
  gate->open();
  return gate;
}

CompletedCheckpoint first_checkpoint() {
  const auto gate = std::make_shared<Gate>();
  return checkpoint_of(sums<first::Sale>(gate, std::make_shared<Collected<first::Sale>>()), *gate);
}

JobGraph graph_of(const LocalJob::Build& program) {
  auto built = InProcessPrograms(program).build({}, 2);
  REQUIRE_MESSAGE(built, built.error().what);
  return (*built)->job_graph();
}

std::vector<CheckpointedVertex> vertices_of(const JobGraph& graph) {
  std::vector<CheckpointedVertex> vertices;
  for (const JobVertex& vertex : graph.vertices) {
    CheckpointedVertex each{.name = vertex.name, .max_parallelism = vertex.max_parallelism};
    for (const ChainedOperator& chained : vertex.operators)
      each.operators.push_back({chained.id, chained.name, chained.uid, chained.states});
    each.tasks.resize(vertex.parallelism);
    vertices.push_back(std::move(each));
  }
  return vertices;
}

const std::vector<StateInfo>& states_of(const JobGraph& graph, const std::string& name) {
  for (const JobVertex& vertex : graph.vertices)
    for (const ChainedOperator& chained : vertex.operators)
      if (chained.name == name) return chained.states;
  FAIL("no operator " << name);
  std::abort();
}

struct Visits {
  inline static const auto kCount = value_state<std::int32_t>("count");
  inline static const auto kSeen = split_list<std::string>("seen");
  auto states() const { return std::tuple(kCount, kSeen); }
  void open(RuntimeContext& context) { (void)context.state(kCount); }
  bool operator()(const std::string&) const { return true; }
};

TEST_CASE("the job graph knows the states of aggregates, of sources, and of functions that declare them") {
  const JobGraph graph = graph_of([](Environment& env) {
    env.enable_checkpointing(1s);
    auto words = env.generate(10, shop_of);
    words.key_by([](const std::string& word) { return word.size(); })
        .filter(Visits{})
        .name("visits")
        .discard();
    words.map([](const std::string& word) { return first::Sale{word, 1}; })
        .name("sale")
        .key_by(&first::Sale::shop)
        .sum(&first::Sale::cents)
        .name("sum")
        .discard();
  });
  CHECK(states_of(graph, "visits") ==
        std::vector<StateInfo>{{.name = "count", .kind = StateKind::Value, .key = "u64", .value = "i32"},
                               {.name = "seen", .kind = StateKind::OperatorList, .value = "string"}});
  CHECK(states_of(graph, "sale").empty());
  CHECK(states_of(graph, "sum") ==
        std::vector<StateInfo>{{.name = "reduced", .kind = StateKind::Reducing, .key = "string",
                                .value = "struct Sale{shop:string,cents:i32,is_gone_later:bool}"}});
  CHECK(states_of(graph, "Source: Generator") ==
        std::vector<StateInfo>{{.name = "lanes", .kind = StateKind::OperatorList,
                                .value = "struct NumberLane{next:u64,stride:u64}"}});
}

TEST_CASE("a name that is declared for two states is refused where the program says it") {
  struct Twice {
    auto states() const { return std::tuple(value_state<int>("n"), list_state<int>("n")); }
    void open(RuntimeContext&) {}
    bool operator()(int) const { return true; }
  };
  const auto built =
      InProcessPrograms([](Environment& env) {
        env.from_collection<int>({1}).key_by([](int i) { return i; }).filter(Twice{}).discard();
      }).build({}, 1);
  REQUIRE_FALSE(built);
  CHECK(built.error().what.find(
            "the state \"n\" is declared as value state i32 -> i32 and as list state i32 -> vector{i32}: "
            "give one of them another name") != std::string::npos);
}

TEST_CASE("an aggregate whose fields came, went, moved and became wider goes on") {
  LocalJob job;
  job.restore_from(first_checkpoint());
  const auto out = std::make_shared<Collected<second::Sale>>();
  const JobOutcome outcome = job.run(sums<second::Sale>(open_gate(), out), 3);
  REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  std::map<std::string, std::int64_t> last;
  for (const second::Sale& sale : out->take()) {
    last[sale.shop] = std::max(last[sale.shop], sale.cents);
    CHECK(sale.rate == 1.5);
  }
  CHECK(last.size() == kShops);
  for (const auto& [shop, cents] : last) CHECK(cents == kNumbers / kShops);
}

TEST_CASE("an aggregate that cannot be read is refused before anything runs, with field and types") {
  const JobGraph changed =
      graph_of(sums<third::Sale>(open_gate(), std::make_shared<Collected<third::Sale>>()));
  const auto assigned = assign_state(first_checkpoint(), vertices_of(changed), false);
  REQUIRE_FALSE(assigned);
  CHECK(assigned.error().code == ErrorCode::StateNotRestorable);
  CHECK(assigned.error().what ==
        "operator \"revenue\" (uid \"revenue\") of checkpoint 7: the state \"reduced\" cannot be restored: "
        "field "
        "\"cents\" was i32 and is f32 in this program");
}

/// Asks for state that it did not declare.
template <class T>
struct Silent {
  std::shared_ptr<Gate> gate;
  std::shared_ptr<std::atomic<int>> opened;
  ValueState<T> last;
  void open(RuntimeContext& context) {
    ++*opened;
    last = context.state(value_state<T>("last"));
  }
  bool operator()(const std::string&) {
    last.set(T{});
    return true;
  }
};

template <class T>
LocalJob::Build silent_program(std::shared_ptr<Gate> gate, std::shared_ptr<std::atomic<int>> opened,
                               std::shared_ptr<std::atomic<int>> sent) {
  return [=](Environment& env) {
    env.restart_strategy(FixedDelay{.attempts = 5, .delay = 1ms});
    env.generate(kNumbers,
                 [gate, sent](std::uint64_t number) {
                   ++*sent;
                   if (number >= kNumbers / 2) gate->pass();
                   return shop_of(number);
                 })
        .uid("words")
        .key_by([](const std::string& word) { return word; })
        .filter(Silent<T>{gate, opened, {}})
        .uid("silent")
        .name("silent")
        .discard();
  };
}

TEST_CASE("undeclared state that cannot be read fails the job for good before a record is sent") {
  const auto gate = std::make_shared<Gate>();
  const auto opened = std::make_shared<std::atomic<int>>(0);
  const auto sent = std::make_shared<std::atomic<int>>(0);
  LocalJob job;
  job.restore_from(checkpoint_of(silent_program<std::int32_t>(gate, opened, sent), *gate));
  *opened = 0;
  *sent = 0;
  const JobOutcome outcome = job.run(silent_program<std::string>(open_gate(), opened, sent), 2);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("operator \"silent\"") != std::string::npos);
  CHECK(outcome.failure.find(
            "the state \"last\" cannot be restored: it was i32 and is string in this program") !=
        std::string::npos);
  CHECK(*opened <= 2);  // each of the two subtasks at most once
  CHECK(*sent == 0);
}

TEST_CASE("with undeclared state that can be read all tasks begin, once all are open") {
  const auto gate = std::make_shared<Gate>();
  const auto opened = std::make_shared<std::atomic<int>>(0);
  const auto sent = std::make_shared<std::atomic<int>>(0);
  const CompletedCheckpoint checkpoint =
      checkpoint_of(silent_program<std::int32_t>(gate, opened, sent), *gate);
  const auto assigned = assign_state(
      checkpoint, vertices_of(graph_of(silent_program<std::int32_t>(gate, opened, sent))), false);
  REQUIRE(assigned);
  CHECK(assigned->tasks_wait);
  *sent = 0;
  LocalJob job;
  job.restore_from(checkpoint);
  const JobOutcome outcome = job.run(silent_program<std::int64_t>(open_gate(), opened, sent), 2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(*sent > 0);
  CHECK(*sent <= kNumbers / 2);  // what the checkpoint had seen is not sent again
}

TEST_CASE("a job whose checkpoint has only states that it declares does not wait for its tasks") {
  const JobGraph same = graph_of(sums<first::Sale>(open_gate(), std::make_shared<Collected<first::Sale>>()));
  const auto assigned = assign_state(first_checkpoint(), vertices_of(same), false);
  REQUIRE(assigned);
  CHECK_FALSE(assigned->tasks_wait);
}

TEST_CASE("a LocalJob whose program cannot read its checkpoint fails before it deploys, and says why") {
  LocalJob job;
  job.restore_from(first_checkpoint());
  const auto out = std::make_shared<Collected<third::Sale>>();
  const JobOutcome outcome = job.run(sums<third::Sale>(open_gate(), out), 2);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure ==
        "operator \"revenue\" (uid \"revenue\") of checkpoint 7: the state \"reduced\" cannot be restored: "
        "field \"cents\" was i32 and is f32 in this program");
  CHECK(outcome.counters.records_in + outcome.counters.records_out == 0);
  CHECK(out->take().empty());
}

}  // namespace
