// SPDX-License-Identifier: Apache-2.0
// Whole jobs of operators with two inputs, with broadcast maps and with requests under way: a checkpoint amid
// the stream is enough to go on from, at any parallelism, and every record counts once.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "test/unit/execution/counting_job.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Program = std::function<void(Environment&, std::shared_ptr<Gate>, std::shared_ptr<Words>)>;
using Sums = std::map<std::uint64_t, std::int64_t>;

struct Interrupted {
  CompletedCheckpoint checkpoint;
  Sums sums;  // of the job that ran on
};

JobOutcome run(LocalJob& job, const Program& program, const std::shared_ptr<Gate>& gate,
               const std::shared_ptr<Words>& words, std::uint32_t parallelism) {
  return job.run(
      [&](Environment& env) {
        env.enable_checkpointing(1h);
        program(env, gate, words);
      },
      parallelism);
}

/// Runs it to its end, with a checkpoint when so many of its functions wait at the gate.
Interrupted run_interrupted(const Program& program, std::uint32_t waiting, std::uint32_t parallelism) {
  auto gate = std::make_shared<Gate>();
  auto words = std::make_shared<Words>();
  Result<CompletedCheckpoint> checkpoint = Error{};
  LocalJob job(small_worker(), 2);
  job.when_running([&] {
    gate->await_waiting(waiting);
    job.trigger_checkpoint(7);
    gate->open();
    checkpoint = job.await_checkpoint(7);
  });
  const JobOutcome outcome = run(job, program, gate, words, parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  REQUIRE_MESSAGE(checkpoint.has_value(), checkpoint.error().what);
  return {*checkpoint, words->last()};
}

/// How the job ends that goes on from there.
Sums go_on_with(const Program& program, const CompletedCheckpoint& checkpoint, std::uint32_t parallelism) {
  auto gate = std::make_shared<Gate>();
  auto words = std::make_shared<Words>();
  gate->open();
  LocalJob job(small_worker(), 2);
  job.restore_from(checkpoint);
  const JobOutcome outcome = run(job, program, gate, words, parallelism);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  return words->last();
}

void check_restores(const Program& program, std::uint32_t waiting_a_subtask, const Sums& expected) {
  for (const std::uint32_t before : {1u, 2u, 3u}) {
    const Interrupted run = run_interrupted(program, waiting_a_subtask * before, before);
    CHECK(run.sums == expected);
    for (const std::uint32_t after : {1u, 2u, 4u}) {
      CAPTURE(before);
      CAPTURE(after);
      CHECK(go_on_with(program, run.checkpoint, after) == expected);
    }
  }
}

Sums sums_of(std::int64_t each) {
  Sums sums;
  for (std::uint64_t key = 0; key < kKeys; ++key)
    sums[key] = each * static_cast<std::int64_t>(kCount / kKeys);
  return sums;
}

constexpr std::int64_t kWide = kHalf + kHalf / 10;  // a window's: none has ended at the checkpoint

/// How many numbers a window has.
struct HowMany {
  using Accumulator = std::int64_t;
  void add(std::int64_t& count, std::uint64_t) const { ++count; }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  std::int64_t result(std::int64_t count) const { return count; }
};

TEST_CASE("windows of numbers whose time is their order") {
  Sums expected;
  for (std::uint64_t number = 0; number < kCount; ++number)
    expected[number % kKeys + number / kWide * kKeys]++;
  check_restores(
      [](Environment& env, auto gate, auto words) {
        env.generate(kCount,
                     [gate](std::uint64_t number) {
                       if (number >= kHalf) gate->pass();
                       return number;
                     })
            .uid("numbers")
            .assign_timestamps([](std::uint64_t number) { return static_cast<std::int64_t>(number); },
                               punctuated([](std::uint64_t, EventTime time) { return time; }))
            .key_by([](std::uint64_t number) { return number % kKeys; })
            .window(TumblingEventTime(std::chrono::milliseconds(kWide)))
            .aggregate(HowMany{},
                       [](std::uint64_t key, const TimeWindow& window, std::int64_t count, Out<Tally>& out) {
                         out({key + static_cast<std::uint64_t>(window.start / kWide) * kKeys, count});
                       })
            .uid("windows")
            .for_each([words](const Tally& tally) { words->say(tally); });
      },
      1, expected);
}

/// Sums what comes on either side.
struct SumBoth {
  inline static const auto kSum = value_state<std::int64_t>("sum");
  ValueState<std::int64_t> sum = {};

  auto states() const { return std::tuple(kSum); }
  void open(RuntimeContext& context) { sum = context.state(kSum); }
  void add(const Tally& tally, Out<Tally>& out) {
    sum.update([&](std::int64_t& held) { held += tally.count; });
    out({tally.key, *sum.get()});
  }
  void first(const Tally& tally, Out<Tally>& out) { add(tally, out); }
  void second(const Tally& tally, Out<Tally>& out) { add(tally, out); }
};

TEST_CASE("two keyed streams that share the state of their keys") {
  check_restores(
      [](Environment& env, auto gate, auto words) {
        auto ones = tallies(env, gate).uid("ones");
        auto tens = tallies(env, gate, 10).uid("tens");
        ones.key_by(&Tally::key)
            .connect(tens.key_by(&Tally::key))
            .co_flat_map(SumBoth{})
            .uid("sums")
            .for_each([words](const Tally& tally) { words->say(tally); });
      },
      2, sums_of(11));
}

/// The same, said by a timer at the end of the key's times.
struct SumAtTheEnd : SumBoth {
  void first(const Tally& tally, KeyedContext<std::uint64_t>& context, Out<Tally>&) { keep(tally, context); }
  void second(const Tally& tally, KeyedContext<std::uint64_t>& context, Out<Tally>&) { keep(tally, context); }
  void keep(const Tally& tally, KeyedContext<std::uint64_t>& context) {
    sum.update([&](std::int64_t& held) { held += tally.count; });
    context.timers().add_event_time(1'000'000);
  }
  void on_timer(std::int64_t, TimerContext<std::uint64_t>& context, Out<Tally>& out) {
    out({context.key(), *sum.get()});
  }
};

TEST_CASE("two keyed streams with timers") {
  check_restores(
      [](Environment& env, auto gate, auto words) {
        auto ones = tallies(env, gate).uid("ones");
        auto tens = tallies(env, gate, 10).uid("tens");
        ones.key_by(&Tally::key)
            .connect(tens.key_by(&Tally::key))
            .process(SumAtTheEnd{})
            .uid("sums")
            .for_each([words](const Tally& tally) { words->say(tally); });
      },
      2, sums_of(11));
}

constexpr MapStateTag<std::string, std::int64_t> kRules{"rules"};
constexpr std::uint64_t kOfRules = kKeys;  // the key under which their sum is said

/// Sums the stream by key, and the rules in the map.
struct SumRules {
  ValueState<std::int64_t> sum = {};

  void open(RuntimeContext& context) { sum = context.state(value_state<std::int64_t>("sum")); }
  void first(const Tally& tally, const BroadcastContext&, Out<Tally>& out) {
    sum.update([&](std::int64_t& held) { held += tally.count; });
    out({tally.key, *sum.get()});
  }
  void second(const Tally& tally, BroadcastContext& context, Out<Tally>& out) {
    auto& rules = context.broadcast(kRules);
    const std::int64_t* const held = rules.find("sum");
    const std::int64_t now = (held == nullptr ? 0 : *held) + tally.count;
    rules.put("sum", now);
    out({kOfRules, now});
  }
};

TEST_CASE("a keyed stream and a broadcast one, whose map each subtask has whole") {
  Sums expected = sums_of(1);
  expected[kOfRules] = 3 * static_cast<std::int64_t>(kCount);
  check_restores(
      [](Environment& env, auto gate, auto words) {
        auto ones = tallies(env, gate).uid("ones");
        auto rules = tallies(env, gate, 3).uid("rules");
        ones.key_by(&Tally::key)
            .connect(rules.broadcast(kRules))
            .process(SumRules{})
            .uid("sums")
            .for_each([words](const Tally& tally) { words->say(tally); });
      },
      2, expected);
}

TEST_CASE("requests under way, in order or not") {
  for (const AsyncOrder order : {AsyncOrder::Ordered, AsyncOrder::Unordered}) {
    check_restores(
        [order](Environment& env, auto gate, auto words) {
          env.generate(kCount, [](std::uint64_t number) { return number; })
              .uid("numbers")
              .async_map(on_threads(3,
                                    [gate](std::uint64_t number) {
                                      if (number >= kHalf) gate->pass();
                                      return Tally{number % kKeys, 1};
                                    }),
                         {.order = order, .capacity = 40})
              .uid("requests")
              .key_by(&Tally::key)
              .sum(&Tally::count)
              .uid("sums")
              .for_each([words](const Tally& tally) { words->say(tally); });
        },
        1, sums_of(1));
  }
}

TEST_CASE("requests whose answers have not come are in the checkpoint") {
  const auto run = run_interrupted(
      [](Environment& env, auto gate, auto) {
        env.generate(kCount, [](std::uint64_t number) { return number; })
            .async_map(on_threads(1,
                                  [gate](std::uint64_t number) {
                                    gate->pass();
                                    return number;
                                  }),
                       {.capacity = 40})
            .discard();
      },
      1, 1);
  std::uint64_t awaited = 0;
  for (const auto& [id, state] : run.checkpoint.operators)
    for (const auto& [subtask, snapshot] : state.subtasks)
      for (const ListStateInfo& list : snapshot.lists)
        if (list.name == "awaited") awaited += list.elements;
  CHECK(awaited > 0);
}

}  // namespace
