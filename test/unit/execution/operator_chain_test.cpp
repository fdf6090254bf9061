// SPDX-License-Identifier: Apache-2.0
#include "execution/task/operator_chain.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test/support/local_job.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

using Log = Collected<std::string>;
using Lines = std::vector<std::string>;

/// Where an operator of the test goes wrong.
enum class Fault : std::uint8_t { None, Open, Process, Finish, Close };

/// Writes down its life, passes records on, and holds the last one back until its end.
class Noting final : public OneInputOperator<int, int> {
public:
  Noting(std::string name, std::shared_ptr<Log> log, Fault fault)
      : name_(std::move(name)), log_(std::move(log)), fault_(fault) {}

  void open(OperatorContext&) override { note("open", Fault::Open); }
  void process(const int& value, EventTime time) override {
    guarded([&] { note(std::to_string(value), Fault::Process); });
    next().process(value, time);
  }
  void finish() override {
    note("finish", Fault::Finish);
    next().process(100, EventTime::none());
  }
  void close() override { note("close", Fault::Close); }

private:
  void note(const std::string& what, Fault here) {
    log_->add(name_ + " " + what);
    if (fault_ == here) throw std::runtime_error("cannot " + what);
  }

  const std::string name_;
  const std::shared_ptr<Log> log_;
  const Fault fault_;
};

/// "1 -> a -> b -> c" in one chain, of which one may have a fault.
struct Chain {
  JobOutcome run() {
    return LocalJob().run([&](Environment& env) {
      env.job_name("chain");
      auto a = add(env.from_collection<int>({1}), "a");
      auto b = add(a, "b");
      add(b, "c").for_each([log = log](int value) { log->add("sink " + std::to_string(value)); });
    });
  }
  OperatorStream<int> add(DataStream<int> input, const std::string& name) {
    const Fault its = name == faulty ? fault : Fault::None;
    return input.transform<Noting>(
        name, [name, log = log, its] { return std::make_unique<Noting>(name, log, its); });
  }

  std::shared_ptr<Log> log = std::make_shared<Log>();
  std::string faulty;
  Fault fault = Fault::None;
};

std::string failure_of(const std::string& name, const std::string& cause) {
  return "operator \"" + name + "\" (1/1) of job \"chain\": " + cause;
}

}  // namespace

TEST_CASE("a chain opens from its tail, and finishes and closes from its head") {
  Chain chain;
  const JobOutcome outcome = chain.run();
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(chain.log->take() == Lines{"c open", "b open", "a open",                              //
                                   "a 1", "b 1", "c 1", "sink 1",                             //
                                   "a finish", "b 100", "c 100", "sink 100",                  //
                                   "b finish", "c 100", "sink 100", "c finish", "sink 100",  //
                                   "a close", "b close", "c close"});
}

TEST_CASE("chained operators never touch a buffer") {
  Chain chain;
  const JobOutcome outcome = chain.run();
  CHECK(outcome.counters == IoCounters{});
}

TEST_CASE("what fails to open is closed, with all that was opened before, and what was not is not") {
  Chain chain{.faulty = "b", .fault = Fault::Open};
  const JobOutcome outcome = chain.run();
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find(failure_of("b", "cannot open")) != std::string::npos);
  CHECK(chain.log->take() == Lines{"c open", "b open", "b close", "c close"});
}

TEST_CASE("after a failure all are closed, and none is finished") {
  Chain chain{.faulty = "c", .fault = Fault::Process};
  const JobOutcome outcome = chain.run();
  CHECK(outcome.failure.find(failure_of("c", "cannot 1")) != std::string::npos);
  CHECK(chain.log->take() ==
        Lines{"c open", "b open", "a open", "a 1", "b 1", "c 1", "a close", "b close", "c close"});
}

TEST_CASE("a failure while finishing is the operator's own") {
  Chain chain{.faulty = "b", .fault = Fault::Finish};
  const JobOutcome outcome = chain.run();
  CHECK(outcome.failure.find(failure_of("b", "cannot finish")) != std::string::npos);
}

TEST_CASE("a failure while closing fails the job, and the others are closed all the same") {
  Chain chain{.faulty = "a", .fault = Fault::Close};
  const JobOutcome outcome = chain.run();
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find(failure_of("a", "cannot close")) != std::string::npos);
  const Lines log = chain.log->take();
  CHECK(Lines(log.end() - 3, log.end()) == Lines{"a close", "b close", "c close"});
}

TEST_CASE("several consumers in one chain are called in the order of the program") {
  const auto log = std::make_shared<Log>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto numbers = env.from_collection<int>({1, 2});
    const auto note = [log](const std::string& name) {
      return [log, name](int value) { log->add(name + " " + std::to_string(value)); };
    };
    numbers.for_each(note("first"));
    numbers.map([](int value) { return value * 10; }).for_each(note("second"));
    numbers.filter([](int value) { return value == 2; }).for_each(note("third"));
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(log->take() == Lines{"first 1", "second 10", "first 2", "second 20", "third 2"});
}

TEST_CASE("each subtask has operators and functions of its own") {
  const auto sums = std::make_shared<Collected<int>>();
  const auto outcome = LocalJob().run(
      [&](Environment& env) {
        env.generate(8, [](std::uint64_t i) { return static_cast<int>(i); })
            .map([sum = 0](int value) mutable { return sum += value; })
            .collect(sums);
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  auto got = sums->take();
  std::ranges::sort(got);
  CHECK(got == std::vector{0, 1, 2, 4, 6, 9, 12, 16});  // 0 2 4 6 and 1 3 5 7
}
