// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<int>;

constexpr OutputTag<std::string> kOdd{"odd"};
constexpr OutputTag<int> kThirds{"thirds"};

/// Numbers pass; odd ones are also told as text, and those that three divides as numbers.
void sort_out(const int& value, ProcessContext& context, Out<int>& out) {
  if (value % 2 != 0)
    context.emit(kOdd, std::to_string(value) + "@" + std::to_string(context.timestamp().millis));
  if (value % 3 == 0) context.emit(kThirds, value);
  out(value);
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  return values;
}

/// The numbers from 1 to `last`, each with its double as its time.
class Timed final : public SourceFunction<int> {
public:
  explicit Timed(int last) : last_(last) {}
  void run(SourceContext<int>& context) override {
    for (int i = 1; i <= last_; ++i) context.collect(i, {2 * i});
  }

private:
  const int last_;
};

OperatorStream<int> numbers(Environment& env, int last) {
  auto stream = env.add_source<int>("numbers", [last] { return std::make_unique<Timed>(last); });
  stream.parallelism(1);
  return stream;
}

struct Outputs {
  std::shared_ptr<Collected<int>> main = std::make_shared<Collected<int>>();
  std::shared_ptr<Collected<std::string>> odd = std::make_shared<Collected<std::string>>();
  std::shared_ptr<Collected<int>> thirds = std::make_shared<Collected<int>>();
};

}  // namespace

TEST_CASE("what an operator emits under a tag comes out of that side output only, chained or not") {
  for (const bool chained : {true, false}) {
    for (const std::uint32_t parallelism : {1u, 3u}) {
      CAPTURE(chained);
      CAPTURE(parallelism);
      Outputs got;
      const auto outcome = LocalJob(testing::small_worker(), 2).run(
          [&](Environment& env) {
            if (!chained) env.disable_chaining();
            auto sorted_out = numbers(env, 9).process(sort_out);
            sorted_out.collect(got.main);
            sorted_out.side_output(kOdd).collect(got.odd);
            sorted_out.side_output(kThirds).key_by([](int value) { return value; }).collect(got.thirds);
          },
          parallelism);
      CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
      CHECK(sorted(got.main->take()) == Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9});
      CHECK(sorted(got.odd->take()) == Texts{"1@2", "3@6", "5@10", "7@14", "9@18"});
      CHECK(sorted(got.thirds->take()) == Numbers{3, 6, 9});
    }
  }
}

TEST_CASE("a side output that nobody reads is dropped, one that several read is given to all") {
  Outputs got;
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto sorted_out = numbers(env, 4).process(sort_out);
    sorted_out.side_output(kThirds).collect(got.thirds);
    sorted_out.side_output(kThirds).map([](int value) { return value * 100; }).collect(got.thirds);
    sorted_out.side_output(kThirds).rebalance().map([](int value) { return -value; }).collect(got.thirds);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(sorted(got.thirds->take()) == Numbers{-3, 3, 300});
}

TEST_CASE("side outputs hear of time as the main output does") {
  const auto heard = std::make_shared<Collected<std::string>>();
  class Ear final : public OneInputOperator<int, int> {
  public:
    explicit Ear(std::shared_ptr<Collected<std::string>> heard) : heard_(std::move(heard)) {}
    void process(const int& value, EventTime) override { heard_->add(std::to_string(value)); }
    void on_watermark(EventTime watermark) override {
      heard_->add(watermark == EventTime::max() ? "max" : std::to_string(watermark.millis));
    }
    void on_status(StreamStatus status) override {
      heard_->add(status == StreamStatus::Idle ? "idle" : "active");
    }

  private:
    const std::shared_ptr<Collected<std::string>> heard_;
  };
  class Source final : public SourceFunction<int> {
  public:
    void run(SourceContext<int>& context) override {
      context.collect(3);
      context.emit_watermark({7});
      context.mark_idle();
    }
  };
  const auto outcome = LocalJob().run([&](Environment& env) {
    env.add_source<int>("source", [] { return std::make_unique<Source>(); })
        .process(sort_out)
        .side_output(kThirds)
        .transform<Ear>("ear", [heard] { return std::make_unique<Ear>(heard); });
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(heard->take() == Texts{"3", "7", "idle", "active", "max"});
}

TEST_CASE("a tag that is read as another type than it is written fails the job with a word about it") {
  const auto outcome = LocalJob().run([&](Environment& env) {
    env.job_name("tags");
    numbers(env, 3).process(sort_out).side_output(OutputTag<double>{"odd"}).discard();
  });
  CHECK(outcome.failure.find(
            "operator \"Process\" (1/1) of job \"tags\": its side output \"odd\" is read by a tag "
            "of another type than it is written by") != std::string::npos);
}

TEST_CASE("what is thrown behind a side output is laid to the charge of the operator there") {
  const auto outcome = LocalJob().run([&](Environment& env) {
    env.job_name("tags");
    numbers(env, 3).process(sort_out).side_output(kOdd).map([](const std::string& text) {
      return std::stoi("x" + text);
    }).discard();
  });
  CHECK(outcome.failure.find("operator \"Map\" (1/1) of job \"tags\": stoi") != std::string::npos);
}

TEST_CASE("a stream is split by the names of its records, of which a record may have several or none") {
  Outputs got;
  const auto all = std::make_shared<Collected<int>>();
  const auto outcome = LocalJob().run([&](Environment& env) {
    auto split = numbers(env, 6).split([](int value) {
      Texts names;
      if (value % 2 == 0) names.emplace_back("even");
      if (value % 3 == 0) names.emplace_back("third");
      return names;
    });
    split.select("even").collect(got.main);
    split.select("third").collect(got.thirds);
    split.select("even", "third").collect(all);
    numbers(env, 3)
        .split([](int value) { return value == 2 ? "two" : "other"; })
        .select("two")
        .map([](int value) { return std::to_string(value); })
        .collect(got.odd);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(got.main->take() == Numbers{2, 4, 6});
  CHECK(got.thirds->take() == Numbers{3, 6});
  CHECK(all->take() == Numbers{2, 3, 4, 6});
  CHECK(got.odd->take() == Texts{"2"});
}
