// SPDX-License-Identifier: Apache-2.0
// Watermarks and statuses through whole jobs.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test/support/local_job.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Log = Collected<std::string>;
using Lines = std::vector<std::string>;

std::string text_of(EventTime time) {
  if (time == EventTime::max()) return "max";
  return time.is_none() ? "none" : std::to_string(time.millis);
}

/// A line for each call, and hands everything on.
class Witness final : public OneInputOperator<int, int> {
public:
  Witness(std::string name, std::shared_ptr<Log> log) : name_(std::move(name)), log_(std::move(log)) {}

  void process(const int& value, EventTime time) override {
    note(std::to_string(value) + "@" + text_of(time) + " at " + text_of(current_watermark()));
    next().process(value, time);
  }
  void finish() override { note("finish at " + text_of(current_watermark())); }

protected:
  void on_watermark(EventTime watermark) override {
    note("watermark " + text_of(watermark));
    forward_watermark(watermark);
  }
  void on_status(StreamStatus status) override {
    note(status == StreamStatus::Idle ? "idle" : "active");
    forward_status(status);
  }

private:
  void note(const std::string& what) { log_->add(name_ + what); }

  const std::string name_;
  const std::shared_ptr<Log> log_;
};

OperatorStream<int> witnessed(DataStream<int> stream, const std::string& name, std::shared_ptr<Log> log) {
  return stream.transform<Witness>("witness", [name, log] { return std::make_unique<Witness>(name, log); });
}

/// A source that does what a function says.
template <class Function>
class Script final : public SourceFunction<int> {
public:
  explicit Script(Function function) : function_(std::move(function)) {}
  void run(SourceContext<int>& context) override { function_(context); }

private:
  Function function_;
};

template <class Function>
OperatorStream<int> script(Environment& env, Function function) {
  return env.add_source<int>("script", [function] { return std::make_unique<Script<Function>>(function); });
}

struct Thrower final : OneInputOperator<int, int> {
  static constexpr bool kNamesItsFailures = true;
  void process(const int&, EventTime) override {}
  void on_watermark(EventTime) override { throw std::runtime_error("no time"); }
};

void speak(SourceContext<int>& context) {
  context.collect(1, {10});
  context.emit_watermark({10});
  context.emit_watermark({9});
  context.collect(2, {12});
  context.collect(3);
  context.mark_idle();
  context.mark_idle();
  context.emit_watermark({20});
}

const Lines kHeard{"1@10 at none", "watermark 10", "2@12 at 10", "3@none at 10", "idle",
                   "active",       "watermark 20", "watermark max", "finish at max"};

Lines sorted(Lines lines) {
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE(
    "watermarks pass a chain in order with the records, and time is at its end before operators finish") {
  const auto log = std::make_shared<Log>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    // map() is in between, and has nothing to do with it.
    witnessed(script(env, speak).map([](int value) { return value; }), "", log).discard();
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(log->take() == kHeard);
}

TEST_CASE("watermarks pass from task to task in order with the records") {
  for (const std::chrono::milliseconds timeout : {0ms, 100ms}) {
    const auto log = std::make_shared<Log>();
    const auto outcome = LocalJob().run([&](Environment& env) {
      env.disable_chaining().buffer_timeout(timeout);
      witnessed(script(env, speak), "", log).discard();
    });
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    CHECK(log->take() == kHeard);
  }
}

TEST_CASE("all consumers of a stream hear of its time") {
  const auto log = std::make_shared<Log>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto source = script(env, [](SourceContext<int>& context) { context.emit_watermark({5}); });
    witnessed(source, "a ", log).discard();
    witnessed(source, "b ", log).discard();
    witnessed(source.rebalance(), "c ", log).parallelism(2).discard();
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  Lines expected;
  for (const char* name : {"a ", "b ", "c ", "c "}) {
    for (const char* what : {"watermark 5", "watermark max", "finish at max"})
      expected.push_back(std::string(name) + what);
  }
  CHECK(sorted(log->take()) == sorted(expected));
}

TEST_CASE("a union is where the slowest subtask of the slowest stream is, over machines") {
  const auto log = std::make_shared<Log>();
  const auto outcome = LocalJob(testing::small_worker(), 2).run([&](Environment& env) {
    auto slow = script(env, [](SourceContext<int>& context) {
                  context.emit_watermark({context.subtask_index() == 2 ? 3 : 30});
                  context.mark_idle();  // what it said stays, now nobody waits for it
                }).parallelism(3);
    auto fast = script(env, [](SourceContext<int>& context) { context.emit_watermark({100}); });
    witnessed(slow.rebalance().union_with(fast.rebalance()), "", log).parallelism(1).discard();
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  const Lines heard = log->take();
  REQUIRE(heard.size() >= 2);
  CHECK(Lines(heard.end() - 2, heard.end()) == Lines{"watermark max", "finish at max"});
  // What was heard before depends on who was read first; that it only went up does not.
  std::int64_t last = 0;
  for (const std::string& line : Lines(heard.begin(), heard.end() - 2)) {
    if (!line.starts_with("watermark ")) continue;
    const std::int64_t millis = std::stoll(line.substr(10));
    CHECK(millis > last);
    last = millis;
  }
}

TEST_CASE("a source that was stopped does not say that time is at its end") {
  const auto log = std::make_shared<Log>();
  LocalJob job;
  job.when_running([&] { job.stop(); });
  const auto outcome = job.run([&](Environment& env) {
    auto source = script(env, [](SourceContext<int>& context) {
      context.emit_watermark({5});
      while (context.is_running()) context.collect(1, {6});
    });
    witnessed(source.filter([](int) { return false; }), "", log).discard();
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(log->take() == Lines{"watermark 5", "finish at 5"});
}

TEST_CASE("what is thrown at a watermark carries the operator's name") {
  for (const bool chained : {true, false}) {
    const auto outcome = LocalJob().run([&](Environment& env) {
      env.job_name("late");
      if (!chained) env.disable_chaining();
      script(env, speak)
          .transform<Thrower>("thrower", [] { return std::make_unique<Thrower>(); })
          .discard();
    });
    CHECK(outcome.failure.find("operator \"thrower\" (1/1) of job \"late\": no time") != std::string::npos);
  }
}
