// SPDX-License-Identifier: Apache-2.0
// Markers that tell how long records are under way, in whole jobs.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "api/program.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

/// A number now and then, until it is stopped.
class Ticks final : public SourceFunction<std::int64_t> {
public:
  static constexpr bool kCanStop = true;
  void run(SourceContext<std::int64_t>& context) override {
    for (std::int64_t n = 0; context.is_running(); ++n) {
      context.collect(n);
      context.await_until(std::chrono::steady_clock::now() + 1ms);
    }
  }
};

constexpr OutputTag<std::int64_t> kOdd{"odd"};

/// Two sources that meet, an exchange by key, a side output, and requests.
void ticking(Environment& env) {
  const auto ticks = [&env](const char* name) {
    return env.add_source<std::int64_t>(name, [] { return std::make_unique<Ticks>(); });
  };
  auto both = ticks("one")
                  .connect(ticks("two"))
                  .co_map([](std::int64_t n) { return n; }, [](std::int64_t n) { return n; });
  both.name("both");
  auto split = both.process([](const std::int64_t& n, ProcessContext& context, Out<std::int64_t>& out) {
    if (n % 2 == 0) out(n);
    else context.emit(kOdd, n);
  });
  split.name("split");
  split.side_output(kOdd).discard().name("odd");
  split.key_by([](std::int64_t n) { return n % 10; })
      .reduce([](std::int64_t, std::int64_t n) { return n; })
      .name("even")
      .async_map([](const std::int64_t& n, AsyncResult<std::int64_t> result) { result(n); })
      .name("asked")
      .discard()
      .name("end");
}

const std::set<std::string> kOperators{"both", "split", "Sink: odd", "even", "asked", "Sink: end"};

/// Of which operators it is known how long records from that source take to them.
std::set<std::string> known_from(const std::string& source, const std::map<std::string, std::int64_t>& sums) {
  std::set<std::string> known;
  const std::string prefix = "latency|Source: " + source + " -> ";
  for (const auto& [name, count] : sums)
    if (name.starts_with(prefix) && count > 0)
      known.insert(name.substr(prefix.size(), name.rfind('|') - prefix.size()));
  return known;
}

TEST_CASE("markers come from each source to each operator, and the job's result tells how long they took") {
  for (const std::uint32_t parallelism : {1u, 2u}) {
    LocalJob job(testing::small_worker(), 2);
    job.when_running([&] {
      std::set<std::string> one;
      std::set<std::string> two;
      while (one != kOperators || two != kOperators) {
        for (const std::uint32_t worker : {0u, 1u}) {
          for (const TaskProgress& task : job.worker(worker).progress()) {
            one.merge(known_from("one", task.accumulators));
            two.merge(known_from("two", task.accumulators));
          }
        }
      }
      job.stop();
    });
    const auto outcome = job.run(
        [](Environment& env) {
          env.latency_tracking(1ms);
          ticking(env);
        },
        parallelism);
    REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    for (const std::string source : {"one", "two"}) {
      for (const std::string& each : kOperators) {
        const std::string name = "latency Source: " + source + " -> " + each + " ";
        CAPTURE(name);
        REQUIRE(outcome.accumulators.contains(name + "p99"));
        CHECK(outcome.accumulators.at(name + "markers") > 0);
        CHECK(outcome.accumulators.at(name + "p50") >= 0);
        CHECK(outcome.accumulators.at(name + "p50") <= outcome.accumulators.at(name + "p95"));
        CHECK(outcome.accumulators.at(name + "p95") <= outcome.accumulators.at(name + "p99"));
      }
    }
  }
}

TEST_CASE("no markers are sent unless somebody wants them, and the program's word counts more") {
  const auto markers = [](Duration of_workers, std::optional<std::chrono::milliseconds> of_program) {
    Worker::Options options = testing::small_worker();
    options.latency_interval = of_workers;
    LocalJob job(options);
    const auto outcome = job.run([&](Environment& env) {
      if (of_program) env.latency_tracking(*of_program);
      env.generate(50, [](std::uint64_t n) {
            const auto until = std::chrono::steady_clock::now() + 1ms;
            while (std::chrono::steady_clock::now() < until) continue;
            return n;
          })
          .discard();
    });
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    return outcome.accumulators.contains("latency Source: Generator -> Sink: Discard p50");
  };
  CHECK_FALSE(markers(0s, std::nullopt));
  CHECK(markers(1ms, std::nullopt));
  CHECK_FALSE(markers(1ms, 0ms));
  CHECK(markers(0s, 1ms));
}

}  // namespace
