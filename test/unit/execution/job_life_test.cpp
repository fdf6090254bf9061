// SPDX-License-Identifier: Apache-2.0
// How jobs end: well, by the user's own fault, cancelled, or for want of memory.
#include "execution/task/worker.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/thread.h"
#include "test/support/local_job.h"
#include "test/support/local_server.h"
#include "test/support/process_counts.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

/// Numbers for ever.
class Endless final : public SourceFunction<std::uint64_t> {
public:
  void run(SourceContext<std::uint64_t>& context) override {
    for (std::uint64_t i = 0;; ++i) context.collect(i);
  }
};
/// One number, and then it waits for ever.
class Sleeper final : public SourceFunction<std::uint64_t> {
public:
  void run(SourceContext<std::uint64_t>& context) override {
    context.collect(7);
    context.await_until(TimePoint::max());
  }
};
class Thrower final : public SourceFunction<std::uint64_t> {
public:
  void run(SourceContext<std::uint64_t>& context) override {
    context.collect(1);
    throw std::runtime_error("the well is dry");
  }
};

template <class Source>
OperatorStream<std::uint64_t> add_source(Environment& env) {
  return env.add_source<std::uint64_t>("Numbers", [] { return std::make_unique<Source>(); });
}

std::uint64_t same(std::uint64_t number) { return number; }
[[noreturn]] void fail() { throw std::invalid_argument("it does not add up"); }

/// The failure of a job of parallelism 2, checked to name operator, subtask and job once, before the cause.
void check_blames(const std::string& name, const std::string& cause, const LocalJob::Build& program) {
  CAPTURE(name);
  const JobOutcome outcome = LocalJob().run(
      [&](Environment& env) {
        env.job_name("sums");
        program(env);
      },
      2);
  CHECK(outcome.status == JobStatus::Failed);
  const auto place = [&](int subtask) {
    return "operator \"" + name + "\" (" + std::to_string(subtask) + "/2) of job \"sums\": " + cause;
  };
  CAPTURE(outcome.failure);
  CHECK((outcome.failure.find(place(1)) != std::string::npos ||
         outcome.failure.find(place(2)) != std::string::npos));
  CHECK(outcome.failure.find('\n') == std::string::npos);
}

/// Runs a job that never ends by itself, and cancels it as soon as `ready` rings.
JobOutcome run_and_cancel(const LocalJob::Build& program, Bell& ready, std::uint32_t parallelism = 2) {
  LocalJob job;
  Thread canceller("canceller", [&] {
    ready.await();
    job.cancel();
  });
  return job.run(program, parallelism);
}

}  // namespace

TEST_CASE("what a user's function throws is told with operator, subtask, job and cause") {
  const std::string cause = "it does not add up";
  const auto numbers = [](Environment& env) { return env.generate(1000, same).rebalance(); };
  check_blames("Source: Numbers", "the well is dry",
               [](Environment& env) { add_source<Thrower>(env).rebalance().discard(); });
  check_blames("Source: Generator", cause, [](Environment& env) {
    env.generate(1000, [](std::uint64_t i) { return i == 500 ? fail(), i : i; }).rebalance().discard();
  });
  check_blames("double", cause, [&](Environment& env) {
    numbers(env).map([](std::uint64_t i) { return i == 500 ? fail(), i : i; }).name("double").discard();
  });
  check_blames("choose", cause, [&](Environment& env) {
    numbers(env)
        .filter([](std::uint64_t i) { return i == 500 ? fail(), true : true; })
        .name("choose")
        .discard();
  });
  check_blames("split", cause, [&](Environment& env) {
    numbers(env).flat_map([](std::uint64_t i, Out<std::uint64_t>& out) {
      out(i);
      if (i == 500) fail();
    }).name("split").discard();
  });
  check_blames("Sink: each", cause, [&](Environment& env) {
    numbers(env).for_each([](std::uint64_t i) { if (i == 500) fail(); }).name("each");
  });
  check_blames("total", cause, [&](Environment& env) {
    numbers(env)
        .key_by([](std::uint64_t i) { return i % 3; })
        .reduce([](std::uint64_t, std::uint64_t next) { return next == 500 ? fail(), next : next; })
        .name("total")
        .discard();
  });
}

TEST_CASE("what a key function throws is told with the operator whose records it looks at") {
  check_blames("send", "it does not add up", [](Environment& env) {
    env.generate(1000, same)
        .map(same)
        .name("send")
        .key_by([](std::uint64_t i) { return i == 500 ? fail(), i : i; })
        .sum([](auto& i) -> auto& { return i; })
        .discard();
  });
}

TEST_CASE("a key function that changes its mind fails the job, and touches no one else's state") {
  check_blames("total", "a key is of key group ", [](Environment& env) {
    env.generate(1000, same)
        .key_by([](std::uint64_t) {
          static std::atomic<std::uint64_t> calls = 0;
          return ++calls;
        })
        .reduce([](std::uint64_t held, std::uint64_t) { return held; })
        .name("total")
        .discard();
  });
}

TEST_CASE("what a chained operator throws is its own, not the source's that called it") {
  check_blames("Sink: each", "it does not add up", [](Environment& env) {
    env.generate(1000, same)
        .flat_map([](std::uint64_t i, Out<std::uint64_t>& out) { out(i); })
        .for_each([](std::uint64_t i) { if (i == 500) fail(); })
        .name("each");
  });
}

namespace {

/// Operators as users write them, who need not know of guarded().
struct Doubler final : OneInputOperator<std::uint64_t, std::uint64_t> {
  void process(const std::uint64_t& value, EventTime time) override {
    if (value == 500) fail();
    next().process(value * 2, time);
  }
};
struct Archive final : SinkOperator<std::uint64_t> {
  void process(const std::uint64_t& value, EventTime) override {
    if (value == 500) fail();
  }
};
struct Maker {
  std::unique_ptr<Archive> operator()() const { fail(); }
};

}  // namespace

TEST_CASE("what an operator of the user's own throws is its own, at the head of a chain and inside") {
  const std::string cause = "it does not add up";
  const auto make_doubler = [] { return std::make_unique<Doubler>(); };
  const auto make_archive = [] { return std::make_unique<Archive>(); };
  check_blames("Doubler", cause, [&](Environment& env) {
    env.generate(1000, same).rebalance().transform<Doubler>("Doubler", make_doubler).discard();
  });
  check_blames("Doubler", cause, [&](Environment& env) {
    env.generate(1000, same).transform<Doubler>("Doubler", make_doubler).discard();
  });
  check_blames("Sink: Archive", cause, [&](Environment& env) {
    env.generate(1000, same).map(same).sink<Archive>("Archive", make_archive);
  });
  check_blames("Sink: Archive", cause, [&](Environment& env) {
    env.generate(1000, same).rebalance().sink<Archive>("Archive", make_archive);
  });
  check_blames("Sink: Archive", cause, [](Environment& env) {
    env.generate(1000, same).sink<Archive>("Archive", Maker{});
  });
}

TEST_CASE("a missing file is told with the operating system's words") {
  check_blames("Source: Text File", "cannot open text file '/none/text': No such file or directory",
               [](Environment& env) { env.read_text("/none/text").rebalance().discard(); });
}

TEST_CASE("when one task fails, the others are cancelled wherever they are") {
  const JobOutcome outcome = LocalJob().run(
      [](Environment& env) {
        add_source<Endless>(env).rebalance().discard();
        add_source<Sleeper>(env).rebalance().discard();
        add_source<Endless>(env).key_by(std::identity{}).map(same).rebalance().map([](std::uint64_t i) {
          return i == 100'000 ? fail(), i : i;
        }).name("late").discard();
      },
      2);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("operator \"late\"") != std::string::npos);
}

TEST_CASE("an endless job is cancelled") {
  Bell ready;
  const JobOutcome outcome = run_and_cancel(
      [&](Environment& env) {
        add_source<Endless>(env).key_by(std::identity{}).for_each([&](std::uint64_t) { ready.ring(); });
      },
      ready);
  CHECK(outcome.status == JobStatus::Canceled);
  CHECK(outcome.failure.empty());
}

TEST_CASE("a job that waits at its source and for its input is cancelled") {
  Bell ready;
  const JobOutcome outcome = run_and_cancel(
      [&](Environment& env) {
        add_source<Sleeper>(env).rebalance().for_each([&](std::uint64_t) { ready.ring(); });
      },
      ready);
  CHECK(outcome.status == JobStatus::Canceled);
}

TEST_CASE("a job whose records have nowhere to go is cancelled") {
  Bell ready;
  std::atomic<bool> is_open = false;  // the dam behind which records pile up
  LocalJob job;
  Thread canceller("canceller", [&] {
    ready.await();
    job.cancel();
    is_open = true;
    is_open.notify_all();
  });
  const JobOutcome outcome = job.run(
      [&](Environment& env) {
        add_source<Endless>(env).rebalance().map(same).rebalance().for_each([&](std::uint64_t) {
          ready.ring();
          is_open.wait(false);
        });
      },
      2);
  CHECK(outcome.status == JobStatus::Canceled);
}

TEST_CASE("a job that reads from a silent server is cancelled") {
  testing::LocalServer server;
  server.listen();
  Bell ready;
  Thread sender;
  LocalJob job;
  sender = Thread("server", [&] {
    auto connection = server.accept();
    connection.send("a line\nand half a one");
    ready.await();
    job.cancel();
    ready.await();  // the connection stays open until the job has ended
  });
  const JobOutcome outcome = job.run([&](Environment& env) {
    env.buffer_timeout(1ms);
    env.socket_text("127.0.0.1", server.port()).rebalance().for_each([&](const std::string&) {
      ready.ring();
    });
  });
  ready.ring();
  CHECK(outcome.status == JobStatus::Canceled);
}

TEST_CASE("a job whose sources are stopped works off what they have sent, and finishes") {
  std::atomic<std::uint64_t> arrived = 0;
  LocalJob job;
  const auto count_and_stop = [&](std::uint64_t) {
    if (++arrived == 1) job.stop();
  };
  JobOutcome outcome;
  SUBCASE("that generate") {
    outcome = job.run([&](Environment& env) {
      env.generate(std::numeric_limits<std::uint64_t>::max(), same).rebalance().for_each(count_and_stop);
    });
  }
  SUBCASE("that wait for a time") {
    outcome =
        job.run([&](Environment& env) { add_source<Sleeper>(env).rebalance().for_each(count_and_stop); });
  }
  CHECK(outcome.failure == "");
  CHECK(outcome.status == JobStatus::Finished);
  CHECK(outcome.counters.records_out == arrived);
}

TEST_CASE("a job that reads from a silent server is stopped") {
  testing::LocalServer server;
  server.listen();
  Bell ended;
  LocalJob job;
  Thread sender("server", [&] {
    auto connection = server.accept();
    connection.send("a line\nand half a one");
    ended.await();  // the connection stays open until then
  });
  std::atomic<int> lines = 0;
  const JobOutcome outcome = job.run([&](Environment& env) {
    env.buffer_timeout(1ms);
    env.socket_text("127.0.0.1", server.port()).rebalance().for_each([&](const std::string&) {
      ++lines;
      job.stop();
    });
  });
  ended.ring();
  CHECK(outcome.status == JobStatus::Finished);
  CHECK(lines == 1);
}

TEST_CASE("a record does not wait for its segment to fill once its source waits") {
  Bell ready;
  const JobOutcome outcome = run_and_cancel(
      [&](Environment& env) {
        env.buffer_timeout(kNoBufferTimeout);
        add_source<Sleeper>(env).rebalance().map(same).rebalance().for_each(
            [&](std::uint64_t) { ready.ring(); });
      },
      ready);
  CHECK(outcome.status == JobStatus::Canceled);
}

TEST_CASE("any buffer timeout lets a job come to its end") {
  using std::chrono::milliseconds;
  for (const auto timeout : {milliseconds(0), milliseconds(1), kNoBufferTimeout, milliseconds::max()}) {
    const auto numbers = std::make_shared<Collected<std::uint64_t>>();
    const JobOutcome outcome = LocalJob().run(
        [&](Environment& env) {
          env.buffer_timeout(timeout);
          env.generate(10'000, same).rebalance().key_by(std::identity{}).collect(numbers);
        },
        2);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    CHECK(numbers->take().size() == 10'000);
  }
}

TEST_CASE("a job that the network memory cannot carry is refused with the numbers") {
  LocalJob job({.slots = 4, .network_memory_bytes = 4 * kMinSegmentBytes, .segment_bytes = kMinSegmentBytes});
  const JobOutcome outcome = job.run(
      [](Environment& env) { env.generate(10, same).rebalance().map(same).rebalance().discard(); }, 4);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("insufficient number of network buffers: required 4, but only 0 of 4") !=
        std::string::npos);
  CHECK(job.worker().free_network_segments() == 4);
  CHECK(job.run([](Environment& env) { env.generate(10, same).discard(); }, 2).status == JobStatus::Finished);
}

TEST_CASE("a subtask for which there is no slot is refused") {
  LocalJob job({.slots = 2, .network_memory_bytes = 1 << 20, .managed_memory_bytes = 1 << 20});
  const JobOutcome outcome = job.run([](Environment& env) { env.generate(10, same).discard(); }, 3);
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("is for slot 2 of 2") != std::string::npos);
}

TEST_CASE("a hundred jobs, however they end, leave threads, descriptors and memory where they were") {
  const testing::TemporaryDirectory directory;
  const std::string text = directory.file("text", "one two\nthree\n");
  LocalJob job;
  CHECK(job.run([](Environment& env) { env.generate(10, same).rebalance().discard(); }, 2).status ==
        JobStatus::Finished);
  const std::uint32_t segments = job.worker().free_network_segments();
  const testing::ProcessCounts before;
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    const JobOutcome outcome = job.run(
        [&](Environment& env) {
          env.read_text(text).rebalance().write_text(directory.path("out"));
          auto numbers = env.generate(1000, same).key_by([](std::uint64_t n) { return n % 7; }).map(same);
          if (i % 4 == 1)
            numbers.rebalance().map([](std::uint64_t n) { return n == 500 ? fail(), n : n; }).discard();
          if (i % 4 == 2)
            add_source<Endless>(env).rebalance().for_each([&](std::uint64_t n) {
              if (n == 100) job.cancel();
            });
        },
        2);
    const JobStatus expected[] = {JobStatus::Finished, JobStatus::Failed, JobStatus::Canceled,
                                  JobStatus::Finished};
    REQUIRE(outcome.status == expected[i % 4]);
    REQUIRE(job.worker().task_count() == 0);
    REQUIRE(job.worker().free_network_segments() == segments);
  }
  // The last tasks' threads are joined when the next is submitted.
  CHECK(job.run([](Environment& env) { env.generate(10, same).rebalance().discard(); }, 2).status ==
        JobStatus::Finished);
  const testing::ProcessCounts after;
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.threads <= before.threads + 4);
}
