// SPDX-License-Identifier: Apache-2.0
// Programs with loops, whole.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "test/support/gate.h"
#include "test/support/local_job.h"
#include "test/unit/execution/counting_job.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// A number on its way to 1: halved, or times 3 and 1 more.
struct Walk {
  std::int64_t start = 0;
  std::int64_t at = 0;
  std::int64_t steps = 0;
};

Walk stepped(Walk walk) {
  if (walk.at != 1) {
    walk.at = walk.at % 2 == 0 ? walk.at / 2 : 3 * walk.at + 1;
    ++walk.steps;
  }
  return walk;
}

std::int64_t steps_of(std::int64_t start) {
  Walk walk{start, start, 0};
  while (walk.at != 1) walk = stepped(walk);
  return walk.steps;
}

constexpr std::int64_t kWalks = 3000;

using Ways = std::vector<std::pair<std::int64_t, std::int64_t>>;

Ways all_ways() {
  Ways ways;
  for (std::int64_t start = 1; start <= kWalks; ++start) ways.emplace_back(start, steps_of(start));
  return ways;
}

DataStream<Walk> numbers(Environment& env) {
  return env.generate(kWalks, [](std::uint64_t number) {
    const auto start = static_cast<std::int64_t>(number) + 1;
    return Walk{start, start, 0};
  });
}

/// What leaves the loop that `body` makes one step of, in order.
template <class Body>
Ways walk(std::uint32_t parallelism, Body body, Worker::Options options = small_worker()) {
  const auto arrived = std::make_shared<Collected<Walk>>();
  LocalJob job(options, 2);
  const auto outcome = job.run(
      [&](Environment& env) {
        auto loop = numbers(env).iterate();
        DataStream<Walk> next = body(loop);
        loop.close_with(next.filter([](const Walk& w) { return w.at != 1; }));
        next.filter([](const Walk& w) { return w.at == 1; }).collect(arrived);
      },
      parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  Ways ways;
  for (const Walk& w : arrived->take()) ways.emplace_back(w.start, w.steps);
  std::ranges::sort(ways);
  return ways;
}

TEST_CASE("records go round until they leave, and the job ends by itself") {
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    CAPTURE(parallelism);
    CHECK(walk(parallelism, [](auto& loop) { return loop.map(stepped); }) == all_ways());
  }
}

TEST_CASE("a loop may spread its records by key, and have other parallelisms than what is inside") {
  CHECK(walk(2, [](auto& loop) {
          loop.parallelism(3).name("walks").uid("walks");
          return loop.key_by(&Walk::at).map(stepped).parallelism(4);
        }) == all_ways());
}

TEST_CASE("a loop may have several stages, and other streams that come in") {
  CHECK(walk(2, [](auto& loop) {
          auto halved = loop.rebalance().map([](Walk w) { return w.at % 2 == 0 ? stepped(w) : w; });
          return halved.key_by(&Walk::start)
              .connect(loop.filter([](const Walk&) { return false; }).key_by(&Walk::start))
              .co_map([](const Walk& w) { return w.at % 2 == 0 ? w : stepped(w); },
                      [](const Walk& w) { return w; });
        }) == all_ways());
}

TEST_CASE("a loop does not end while answers from outside are awaited") {
  CHECK(walk(2, [](auto& loop) {
          return loop.async_map(on_threads(2, [](const Walk& w) { return stepped(w); }),
                                {.order = AsyncOrder::Unordered, .capacity = 7});
        }) == all_ways());
}

TEST_CASE("a loop whose records grow more does not wait for itself, and needs no more memory") {
  Worker::Options options = small_worker();
  options.network_memory_bytes = 4 << 20;
  options.feedback_memory_bytes = 64 << 10;
  for (const std::uint32_t parallelism : {1u, 2u}) {
    const auto leaves = std::make_shared<Collected<std::int64_t>>();
    LocalJob job(options, 2);
    const auto outcome = job.run(
        [&](Environment& env) {
          auto loop = env.from_collection<std::int64_t>({1}).iterate();
          auto next = loop.rebalance().flat_map([](const std::int64_t& node, Out<std::int64_t>& out) {
            out(2 * node);
            out(2 * node + 1);
          });
          loop.close_with(next.filter([](const std::int64_t& node) { return node < 1 << 18; }));
          next.filter([](const std::int64_t& node) { return node >= 1 << 18; }).collect(leaves);
        },
        parallelism);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    auto found = leaves->take();
    std::ranges::sort(found);
    REQUIRE(found.size() == 1 << 18);
    CHECK(found.front() == 1 << 18);
    CHECK(std::ranges::adjacent_find(found) == found.end());
  }
}

TEST_CASE("loops may stand one behind the other") {
  const auto arrived = std::make_shared<Collected<Walk>>();
  const auto outcome = LocalJob(small_worker(), 2).run(
      [&](Environment& env) {
        DataStream<Walk> walks = numbers(env);
        for (int times = 0; times < 2; ++times) {
          auto loop = walks.iterate();
          auto next = loop.map(stepped);
          loop.close_with(next.filter([](const Walk& w) { return w.at != 1; }));
          walks = next.filter([](const Walk& w) { return w.at == 1; }).map([](Walk w) {
            w.at = w.start;
            return w;
          });
        }
        walks.collect(arrived);
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  Ways ways;
  for (const Walk& w : arrived->take()) ways.emplace_back(w.start, w.steps / 2);
  std::ranges::sort(ways);
  CHECK(ways == all_ways());
}

TEST_CASE("a loop whose operators are started when there is something to read ends, whatever goes round") {
  for (const bool goes_round : {true, false}) {
    const auto arrived = std::make_shared<Collected<Walk>>();
    const auto outcome = LocalJob(small_worker(), 2).run(
        [&](Environment& env) {
          env.schedule_mode(ScheduleMode::LazyFromSources);
          auto loop = numbers(env).iterate();
          auto next = loop.rebalance().map(stepped);
          loop.close_with(next.filter([goes_round](const Walk& w) { return goes_round && w.at != 1; }));
          next.collect(arrived);
        },
        2);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    CHECK(arrived->take().size() >= kWalks);
  }
}

TEST_CASE("an operator inside that holds records back until the end is named") {
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto loop = numbers(env).iterate();
    auto sums = loop.key_by(&Walk::start).sum(&Walk::steps, Emit::Final);
    loop.close_with(sums);
  });
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("holds records back until its input ends") != std::string::npos);
}

TEST_CASE("a loop is closed once") {
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto loop = numbers(env).iterate();
    auto next = loop.map(stepped);
    loop.close_with(next);
    loop.close_with(next);
  });
  CHECK(outcome.failure.find("an iteration is closed once") != std::string::npos);
}

TEST_CASE("a job with a loop that is cancelled ends") {
  LocalJob job(small_worker(), 2);
  job.when_running([&] { job.cancel(); });
  const auto outcome = job.run(
      [&](Environment& env) {
        auto loop = numbers(env).iterate();
        auto next = loop.map([](Walk w) { return w; });
        loop.close_with(next);  // for ever
        next.discard();
      },
      2);
  CHECK(outcome.status == JobStatus::Canceled);
}

/// By key, the steps of all walks; the state is behind the loop.
struct WalksByKey {
  std::shared_ptr<Gate> gate;
  std::shared_ptr<Words> words;

  void operator()(Environment& env) const {
    env.enable_checkpointing(1h);
    auto walks = env.generate(kWalks, [](std::uint64_t number) {
                      const auto start = static_cast<std::int64_t>(number) + 1;
                      return Walk{start, start, 0};
                    }).uid("numbers");
    auto loop = walks.iterate();
    loop.uid("loop");
    auto next = loop.map([gate = gate](const Walk& w) {
      if (w.start == kWalks / 2 && w.steps == 3) gate->pass();
      return stepped(w);
    });
    loop.close_with(next.filter([](const Walk& w) { return w.at != 1; }));
    next.filter([](const Walk& w) { return w.at == 1; })
        .map([](const Walk& w) { return Tally{static_cast<std::uint64_t>(w.start) % kKeys, w.steps}; })
        .key_by(&Tally::key)
        .sum(&Tally::count)
        .uid("sums")
        .for_each([words = words](const Tally& tally) { words->say(tally); });
  }
};

std::map<std::uint64_t, std::int64_t> all_steps() {
  std::map<std::uint64_t, std::int64_t> steps;
  for (std::int64_t start = 1; start <= kWalks; ++start)
    steps[static_cast<std::uint64_t>(start) % kKeys] += steps_of(start);
  return steps;
}

std::uint64_t held_back(const CompletedCheckpoint& checkpoint) {
  std::uint64_t held = 0;
  for (const auto& [id, state] : checkpoint.operators)
    for (const auto& [subtask, snapshot] : state.subtasks)
      for (const ListStateInfo& list : snapshot.lists)
        if (list.name == "feedback") held += list.elements;
  return held;
}

TEST_CASE("what goes round is in the checkpoint: nothing is lost and nothing doubled, at any parallelism") {
  for (const std::uint32_t before : {1u, 2u, 3u}) {
    Result<CompletedCheckpoint> checkpoint = Error{};
    auto gate = std::make_shared<Gate>();
    auto words = std::make_shared<Words>();
    LocalJob job(small_worker(), 2);
    job.when_running([&] {
      gate->await_waiting(1);
      job.trigger_checkpoint(7);
      gate->open();
      checkpoint = job.await_checkpoint(7);
    });
    const auto outcome = job.run(WalksByKey{gate, words}, before);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    CHECK(words->last() == all_steps());
    REQUIRE_MESSAGE(checkpoint.has_value(), checkpoint.error().what);
    CHECK(held_back(*checkpoint) > 0);
    for (const std::uint32_t after : {1u, 2u, 4u}) {
      CAPTURE(before);
      CAPTURE(after);
      auto again = std::make_shared<Words>();
      LocalJob next(small_worker(), 2);
      next.restore_from(*checkpoint);
      const auto end = next.run(WalksByKey{gate, again}, after);
      CHECK_MESSAGE(end.status == JobStatus::Finished, end.failure);
      CHECK(again->last() == all_steps());
    }
  }
}

}  // namespace
