// SPDX-License-Identifier: Apache-2.0
#include "api/program.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "api/built_program.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

struct Word {
  std::string text;
  std::int64_t count = 0;
  bool operator==(const Word&) const = default;
  auto operator<=>(const Word&) const = default;
};

/// What a program's stream yields, sorted.
template <class T>
std::vector<T> run(const std::function<DataStream<T>(Environment&)>& program, std::uint32_t parallelism = 2) {
  const auto collected = std::make_shared<Collected<T>>();
  const auto outcome =
      LocalJob().run([&](Environment& env) { program(env).collect(collected); }, parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  auto values = collected->take();
  std::ranges::sort(values);
  return values;
}

/// The graph of a program.
StreamGraph graph_of(const std::function<void(Environment&)>& program, std::uint32_t parallelism = 2) {
  Environment env(Params(), parallelism);
  program(env);
  auto graph = env.graph().build();
  REQUIRE_MESSAGE(graph.has_value(), graph.error().what);
  return *std::move(graph);
}

const StreamNode& node_named(const StreamGraph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.nodes(), name, &StreamNode::name);
  REQUIRE(found != graph.nodes().end());
  return *found;
}

int twice(int value) { return 2 * value; }
void both(const int& value, Out<int>& out) {
  out(value);
  out.emit(-value);
}

}  // namespace

TEST_CASE("map, filter and flat_map take lambdas, functions and objects") {
  CHECK(run<int>([](Environment& env) {
          return env.from_collection<int>({3, 1, 2}).map(twice);
        }) == std::vector{2, 4, 6});
  CHECK(run<int>([](Environment& env) { return env.from_collection<int>({1, 2}).flat_map(both); }) ==
        std::vector{-2, -1, 1, 2});
  CHECK(run<int>([](Environment& env) {
          return env.from_collection<int>({1, 2, 3, 4}).filter(std::not_fn([](int i) { return i % 2; }));
        }) == std::vector{2, 4});
  CHECK(run<std::string>([](Environment& env) {
          return env.from_collection<Word>({{"b", 1}, {"a", 2}}).map(&Word::text);
        }) == std::vector<std::string>{"a", "b"});
  CHECK(run<std::string>([](Environment& env) {
          return env.from_collection<int>({1, 2}).flat_map<std::string>(
              [](auto value, auto& out) { out(std::to_string(value)); });
        }) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("records of any make pass from task to task") {
  using Mixed = std::tuple<std::string, std::vector<Word>, std::map<int, std::string>>;
  const Mixed value{"text", {{"a", 1}, {"b", 2}}, {{7, "seven"}}};
  CHECK(run<Mixed>([&](Environment& env) {
          return env.from_collection<Mixed>({value, value}).rebalance();
        }) == std::vector{value, value});
}

TEST_CASE("keyed aggregates: by member, by function, in a chain of them") {
  const std::vector<Word> words{{"a", 1}, {"b", 5}, {"a", 3}, {"b", 2}, {"a", 2}};
  const auto final_of = [&](auto aggregate) {
    return run<Word>(
        [&](Environment& env) { return aggregate(env.from_collection(words).key_by(&Word::text)); });
  };
  CHECK(final_of([](auto keyed) { return keyed.sum(&Word::count, Emit::Final); }) ==
        std::vector<Word>{{"a", 6}, {"b", 7}});
  CHECK(final_of([](auto keyed) { return keyed.min(&Word::count, Emit::Final); }) ==
        std::vector<Word>{{"a", 1}, {"b", 2}});
  CHECK(final_of([](auto keyed) { return keyed.max(&Word::count, Emit::Final); }) ==
        std::vector<Word>{{"a", 3}, {"b", 5}});
  CHECK(final_of([](auto keyed) {
          return keyed.reduce(
              [](const Word& held, const Word& next) {
                return Word{held.text, held.count * 10 + next.count};
              },
              Emit::Final);
        }).size() == 2);
  CHECK(final_of([](auto keyed) {
          return keyed.sum(&Word::count, Emit::Final)
              .key_by([](const Word&) { return 0; })
              .max(&Word::count, Emit::Final);
        }).size() == 1);
  CHECK(run<Word>([&](Environment& env) {
          return env.from_collection(words).key_by(&Word::text).sum(&Word::count);
        }).size() == 5);
}

TEST_CASE("to sum the key itself is refused when the program is built") {
  Environment env(Params(), 1);
  auto keyed = env.from_collection<Word>({}).key_by(&Word::count);
  CHECK_THROWS_AS(keyed.sum(&Word::count), ProgramError);
}

TEST_CASE("an operator is named, placed and chained as its program says") {
  const StreamGraph graph = graph_of([](Environment& env) {
    env.job_name("placed").max_parallelism(512).buffer_timeout(std::chrono::milliseconds(7));
    env.from_collection<int>({1})
        .map(twice)
        .name("first")
        .uid("first-id")
        .parallelism(3)
        .max_parallelism(30)
        .slot_sharing_group("red")
        .disable_chaining()
        .map(twice)
        .name("second")
        .buffer_timeout(kNoBufferTimeout)
        .start_new_chain()
        .discard()
        .name("end")
        .uid("end-id");
  });
  const StreamNode& first = node_named(graph, "first");
  CHECK(graph.settings().job_name == "placed");
  CHECK(first.uid == "first-id");
  CHECK(first.parallelism == 3);
  CHECK(first.max_parallelism == 30);
  CHECK(first.slot_sharing_group == "red");
  CHECK(first.chaining == ChainingStrategy::Never);
  CHECK(first.buffer_timeout == std::chrono::milliseconds(7));
  const StreamNode& second = node_named(graph, "second");
  CHECK(second.chaining == ChainingStrategy::Head);
  CHECK(second.buffer_timeout == kNoBufferTimeout);
  CHECK(second.parallelism == 2);
  CHECK(second.max_parallelism == 512);
  CHECK(node_named(graph, "end").uid == "end-id");
}

TEST_CASE("a collection and a socket are read by one subtask, whatever the program's parallelism") {
  const StreamGraph graph = graph_of([](Environment& env) {
    env.from_collection<int>({1}).name("collection").discard();
    env.socket_text("127.0.0.1", 1).name("socket").discard();
    env.generate(1, [](std::uint64_t i) { return i; }).name("generator").discard();
  }, 4);
  CHECK(node_named(graph, "collection").parallelism == 1);
  CHECK(node_named(graph, "socket").parallelism == 1);
  CHECK(node_named(graph, "generator").parallelism == 4);
}

TEST_CASE("the fingerprint sees types, names and parallelism") {
  const auto fingerprint = [](const std::function<void(Environment&)>& program,
                              std::uint32_t parallelism = 2) {
    return fingerprint_of(graph_of(program, parallelism));
  };
  const auto base = fingerprint([](Environment& env) { env.from_collection<int>({1}).map(twice).discard(); });
  CHECK(base == fingerprint([](Environment& env) { env.from_collection<int>({2, 3}).map(twice).discard(); }));
  CHECK(base != fingerprint([](Environment& env) { env.from_collection<int>({1}).map(twice).discard(); }, 3));
  CHECK(base !=
        fingerprint([](Environment& env) { env.from_collection<int>({1}).map(twice).name("x").discard(); }));
  CHECK(base != fingerprint([](Environment& env) {
          env.from_collection<int>({1}).map([](int i) { return std::int64_t{i}; }).discard();
        }));
}
