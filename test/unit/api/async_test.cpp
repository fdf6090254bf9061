// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/async.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "execution/operators/operator_snapshots.h"
#include "test/support/local_job.h"
#include "test/support/random_value.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Texts = std::vector<std::string>;

/// The task of an operator under test: nothing is waited for, but the test says what happens meanwhile.
class HandMail final : public TaskMail {
public:
  void post(std::function<void()> letter) override { letters_.push_back(std::move(letter)); }
  bool await_answer(TimePoint deadline) override {
    ++waits;
    return while_waiting(deadline);
  }
  void take_letters() {
    for (const auto& letter : std::exchange(letters_, {})) letter();
  }
  std::function<bool(TimePoint)> while_waiting = [](TimePoint) -> bool { throw TaskCancelled{}; };
  int waits = 0;

private:
  std::vector<std::function<void()>> letters_;
};

/// Keeps the requests, for the test to answer.
struct Outside {
  struct Request {
    int value = 0;
    AsyncResult<std::string> result;
  };
  std::vector<Request> requests;

  void answer(int value) {
    for (const Request& request : requests)
      if (request.value == value) request.result("r" + std::to_string(value));
  }
};

struct Ask {
  Outside* outside;
  void operator()(const int& value, AsyncResult<std::string> result) const {
    outside->requests.push_back({value, std::move(result)});
  }
};
struct AskPatiently : Ask {
  void timeout(const int& value, AsyncResult<std::string> result) const {
    result("late" + std::to_string(value));
  }
};

class Heard final : public Input<std::string> {
public:
  void process(const std::string& value, EventTime time) override {
    lines.push_back(value + (time.is_none() ? "" : "@" + std::to_string(time.millis)));
  }
  void process_watermark(EventTime watermark) override {
    lines.push_back(watermark == EventTime::max() ? "max" : std::to_string(watermark.millis));
  }
  void process_status(StreamStatus status) override {
    lines.push_back(status == StreamStatus::Idle ? "idle" : "active");
  }
  [[nodiscard]] Texts take() { return std::exchange(lines, {}); }
  Texts lines;
};

template <class Function = Ask>
struct Stage {
  explicit Stage(AsyncOptions options, const std::vector<OperatorSnapshot>& from = {})
      : op(Function{&outside}, options) {
    context.use_processing_time(clock);
    context.use_mail(mail);
    if (!from.empty()) context.begin_restore(restored_state(from, 0, 1));
    op.bind(context);
    op.set_output(heard);
    op.open(context);
    if (!from.empty()) context.end_restore();
  }
  ~Stage() { op.close(); }
  void read(int value, std::int64_t time = EventTime::none().millis) { op.process(value, {time}); }
  void answer(int value) {
    outside.answer(value);
    mail.take_letters();
  }
  void clock_at(std::int64_t now) {
    clock.set(now);
    op.on_processing_time();
    mail.take_letters();
  }

  Outside outside;
  HandClock clock;
  HandMail mail;
  OperatorContext context{{"ask", 0, 1, 128}};
  AsyncCall<int, std::string, Function> op;
  Heard heard;
};

constexpr AsyncOptions kOrdered{.order = AsyncOrder::Ordered};
constexpr AsyncOptions kUnordered{.order = AsyncOrder::Unordered};

}  // namespace

TEST_CASE("ordered results leave in the order of their records, with their times, watermarks between them") {
  Stage stage(kOrdered);
  stage.op.process_watermark({0});
  stage.read(1, 10);
  stage.op.process_watermark({10});
  stage.read(2, 20);
  stage.op.process_status(StreamStatus::Idle);
  stage.answer(2);
  CHECK(stage.heard.take() == Texts{"0"});
  stage.answer(1);
  CHECK(stage.heard.take() == Texts{"r1@10", "10", "r2@20", "idle"});
}

TEST_CASE("unordered results leave as they come, but none passes a watermark") {
  Stage stage(kUnordered);
  for (const int value : {1, 2, 3}) stage.read(value);
  stage.op.process_watermark({5});
  for (const int value : {4, 5}) stage.read(value);
  stage.answer(3);
  stage.answer(5);
  stage.answer(1);
  CHECK(stage.heard.take() == Texts{"r3", "r1"});
  stage.answer(2);
  CHECK(stage.heard.take() == Texts{"r2", "5", "r5"});
  stage.answer(4);
  CHECK(stage.heard.take() == Texts{"r4"});
}

TEST_CASE("an answer may be none or several records, and only the first counts") {
  Stage stage(kOrdered);
  stage.read(1);
  stage.read(2);
  stage.outside.requests[0].result.complete({});
  stage.outside.requests[0].result("again");
  stage.outside.requests[1].result.complete({"a", "b"});
  stage.mail.take_letters();
  stage.outside.requests[1].result("after all");
  stage.mail.take_letters();
  CHECK(stage.heard.take() == Texts{"a", "b"});
}

TEST_CASE("with as many records under way as may be, the next one waits for an answer") {
  Stage stage({.order = AsyncOrder::Unordered, .capacity = 2});
  stage.read(1);
  stage.read(2);
  CHECK(stage.mail.waits == 0);
  stage.mail.while_waiting = [&](TimePoint) {
    if (stage.mail.waits == 2) stage.outside.answer(2);  // the first time it was woken for something else
    return true;
  };
  stage.read(3);
  CHECK(stage.mail.waits == 2);
  CHECK(stage.heard.take() == Texts{"r2"});
  CHECK(stage.outside.requests.size() == 3);
}

TEST_CASE("at the end all answers are waited for") {
  Stage stage(kOrdered);
  stage.read(1);
  stage.read(2);
  stage.op.process_watermark(EventTime::max());
  stage.mail.while_waiting = [&](TimePoint) {
    stage.outside.answer(3 - stage.mail.waits);
    return true;
  };
  stage.op.finish();
  CHECK(stage.heard.take() == Texts{"r1", "r2", "max"});
}

TEST_CASE("a request that takes too long fails the task, by the clock and while the task waits") {
  Stage stage({.timeout = 400ms});
  stage.read(1);
  for (std::int64_t now = 100; now <= 400; now += 100) stage.clock_at(now);
  CHECK_THROWS_WITH_AS(stage.clock_at(500), "an asynchronous request took longer than 400 ms",
                       OperatorFailure);

  Stage full({.capacity = 1, .timeout = 400ms});
  full.read(1);
  full.mail.while_waiting = [](TimePoint) { return false; };
  CHECK_THROWS_AS(full.read(2), OperatorFailure);
  CHECK(full.mail.waits == 5);
}

TEST_CASE("a function may answer in place of what took too long") {
  Stage<AskPatiently> stage({.timeout = 400ms});
  stage.read(1);
  stage.clock_at(100);
  stage.read(2);
  for (std::int64_t now = 200; now <= 500; now += 100) stage.clock_at(now);
  CHECK(stage.heard.take() == Texts{"late1"});
  stage.clock_at(600);
  CHECK(stage.heard.take() == Texts{"late2"});
}

TEST_CASE("a failed request fails the task with its own words") {
  Stage stage(kOrdered);
  stage.read(1);
  stage.outside.requests[0].result.fail("no route to host");
  CHECK_THROWS_WITH_AS(stage.mail.take_letters(), "no route to host", OperatorFailure);
}

TEST_CASE("who answers when the task has ended is not heard") {
  Outside outside;
  {
    Stage stage(kOrdered);
    stage.read(1);
    outside = stage.outside;
  }
  outside.answer(1);
  CHECK(outside.requests.size() == 1);
}

TEST_CASE("records whose results have not left are asked about again after a restore, and others are not") {
  for (const AsyncOptions& options : {kOrdered, kUnordered}) {
    Stage before(options);
    for (const int value : {1, 2, 3, 4}) before.read(value, 10 * value);
    before.answer(1);
    before.answer(3);
    const bool is_ordered = options.order == AsyncOrder::Ordered;
    CHECK(before.heard.take() == (is_ordered ? Texts{"r1@10"} : Texts{"r1@10", "r3@30"}));
    before.op.snapshot(1);
    SnapshotWriter writer;
    writer.begin(before.context);
    Stage after(options, {writer.end(before.context)});
    std::vector<int> asked;
    for (const auto& request : after.outside.requests) asked.push_back(request.value);
    CHECK(asked == (is_ordered ? std::vector{2, 3, 4} : std::vector{2, 4}));
    for (const int value : asked) after.answer(value);
    CHECK(after.heard.take() == (is_ordered ? Texts{"r2@20", "r3@30", "r4@40"} : Texts{"r2@20", "r4@40"}));
  }
}

TEST_CASE("whatever the order of answers, each record's result leaves once and where it may") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 1'000; ++round) {
    const bool is_ordered = random() % 2 == 0;
    Stage stage(is_ordered ? kOrdered : kUnordered);
    Texts sent;  // in order: "r7", or a watermark
    std::vector<int> open;
    for (int step = 0; step < 40; ++step) {
      const auto choice = random() % 5;
      if (choice < 2) {
        stage.read(step);
        sent.push_back("r" + std::to_string(step));
        open.push_back(step);
      } else if (choice == 2) {
        stage.op.process_watermark({step + 1});
        sent.push_back(std::to_string(step + 1));
      } else if (!open.empty()) {
        const auto at = open.begin() + static_cast<std::ptrdiff_t>(random() % open.size());
        stage.answer(*at);
        open.erase(at);
      }
    }
    std::ranges::shuffle(open, random);
    for (const int value : open) stage.answer(value);
    Texts got = stage.heard.take();
    if (!is_ordered) {  // between two watermarks any order will do
      const auto sort_between = [](Texts& lines) {
        auto begin = lines.begin();
        while (begin != lines.end()) {
          const auto end = std::find_if(begin, lines.end(), [](const auto& line) { return line[0] != 'r'; });
          std::sort(begin, end);
          begin = end == lines.end() ? end : end + 1;
        }
      };
      sort_between(got);
      sort_between(sent);
    }
    REQUIRE(got == sent);
  }
}

TEST_CASE("functions that wait are called on threads, and a job ends when all have answered") {
  for (const AsyncOrder order : {AsyncOrder::Ordered, AsyncOrder::Unordered}) {
    const auto got = std::make_shared<Collected<int>>();
    const auto outcome = LocalJob().run([&](Environment& env) {
      env.generate(500, [](std::uint64_t i) { return static_cast<int>(i); })
          .async_map(on_threads(4, [](int value) { return 2 * value; }), {.order = order, .capacity = 7})
          .collect(got);
    });
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    std::vector<int> values = got->take();
    if (order == AsyncOrder::Unordered) std::ranges::sort(values);
    REQUIRE(values.size() == 500);
    for (int i = 0; i < 500; ++i) CHECK(values[static_cast<std::size_t>(i)] == 2 * i);
  }
}

TEST_CASE("what is thrown on a thread fails the job under the operator's name") {
  const auto outcome = LocalJob().run([](Environment& env) {
    env.job_name("calls");
    env.from_collection<std::string>({"1", "x"})
        .async_map(on_threads(2, [](const std::string& text) { return std::stoi(text); }))
        .discard();
  });
  CHECK(outcome.failure.find("operator \"Async Map\" (1/1) of job \"calls\": stoi") != std::string::npos);
}

TEST_CASE("a job that waits for answers can be cancelled") {
  LocalJob job;
  job.when_running([&] { job.cancel(); });
  const auto outcome = job.run([](Environment& env) {
    env.from_collection<int>({1, 2, 3})
        .async_map([](const int&, AsyncResult<int>) {}, {.capacity = 1, .timeout = 0ms})
        .discard();
  });
  CHECK(outcome.status == JobStatus::Canceled);
}
