// SPDX-License-Identifier: Apache-2.0
// Functions with a life of their own: open() and close(), state by key and of the subtask, checkpoints.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/program.h"
#include "test/support/gate.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::Gate;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

/// What functions of a test have to say, from any thread.
class Notes {
public:
  void add(std::string note) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    notes_.push_back(std::move(note));
  }
  [[nodiscard]] std::vector<std::string> sorted() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    std::ranges::sort(notes_);
    return notes_;
  }

private:
  Mutex lock_;
  std::vector<std::string> notes_ WEIR_GUARDED_BY(lock_);
};

using Lines = std::vector<std::string>;

/// Tells of its life. It may be a function of any kind.
struct Biographer {
  std::shared_ptr<Notes> notes;
  std::string role;
  std::string place;

  void open(RuntimeContext& context) {
    place = role + " " + context.display_name();
    notes->add(place + " opens");
  }
  void close() { notes->add(place + " closes"); }
};
struct Twice : Biographer {
  int operator()(int value) const { return 2 * value; }
};
struct IsSmall : Biographer {
  bool operator()(int value) const { return value < 100; }
};
struct TwoOfEach : Biographer {
  void operator()(int value, Out<int>& out) const {
    out(value);
    out(value);
  }
};
struct Larger : Biographer {
  int operator()(int a, int b) const { return std::max(a, b); }
};
struct Number : Biographer {
  int operator()(std::uint64_t number) const { return static_cast<int>(number); }
};
struct Nothing : Biographer {
  void operator()(int) const {}
};

TEST_CASE("functions of every kind are opened and closed once a subtask, and know their place") {
  const auto notes = std::make_shared<Notes>();
  const auto with = [&](const char* role) { return Biographer{notes, role, {}}; };
  const JobOutcome outcome = LocalJob().run(
      [&](Environment& env) {
        env.generate(10, Number{with("generate")})
            .map(Twice{with("map")})
            .name("twice")
            .filter(IsSmall{with("filter")})
            .flat_map<int>(TwoOfEach{with("flat_map")})
            .key_by([](int value) { return value; })
            .reduce(Larger{with("reduce")})
            .for_each(Nothing{with("for_each")});
      },
      2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  Lines expected;
  for (const char* const place : {"1/2", "2/2"}) {
    for (const std::string function : {"filter Filter", "flat_map Flat Map", "for_each Sink: For Each",
                                       "generate Source: Generator", "map twice", "reduce Keyed Reduce"}) {
      expected.push_back(function + " (" + place + ") opens");
      expected.push_back(function + " (" + place + ") closes");
    }
  }
  std::ranges::sort(expected);
  CHECK(notes->sorted() == expected);
}

TEST_CASE("a function is closed also when it has failed, and when it failed to open") {
  const auto notes = std::make_shared<Notes>();
  struct Fails {
    std::shared_ptr<Notes> notes;
    bool at_once = false;
    void open(RuntimeContext&) {
      if (at_once) throw std::runtime_error("no way in");
    }
    int operator()(int) const { throw std::runtime_error("no way through"); }
    void close() { notes->add("closed"); }
  };
  for (const bool at_once : {false, true}) {
    const JobOutcome outcome = LocalJob().run([&](Environment& env) {
      env.from_collection<int>({1}).map(Fails{notes, at_once}).name("doubtful").discard();
    });
    CHECK(outcome.status == JobStatus::Failed);
    CHECK(outcome.failure.find("operator \"doubtful\" (1/1)") != std::string::npos);
    CHECK(outcome.failure.find(at_once ? "no way in" : "no way through") != std::string::npos);
  }
  CHECK(notes->sorted() == Lines{"closed", "closed"});
}

TEST_CASE("a function counts for its job") {
  struct CountsOdd {
    std::optional<LongCounter> odd;
    void open(RuntimeContext& context) { odd = context.counter("odd"); }
    void operator()(int value) const { odd->add(value % 2); }
  };
  const JobOutcome outcome = LocalJob().run(
      [](Environment& env) {
        env.generate(10, [](std::uint64_t i) { return static_cast<int>(i); }).for_each(CountsOdd{});
      },
      2);
  CHECK(outcome.accumulators == std::map<std::string, std::int64_t>{{"odd", 5}});
}

struct Visit {
  std::string user;
  std::int64_t page = 0;
  bool operator==(const Visit&) const = default;
  auto operator<=>(const Visit&) const = default;
};

/// Knows of each user how many pages he saw, which, and what they sum up to.
struct Remember {
  inline static const auto kCount = value_state<std::int64_t>("count");
  inline static const auto kPages = list_state<std::int64_t>("pages");
  inline static const auto kTimes = map_state<std::int64_t, std::int64_t>("times");

  ValueState<std::int64_t> count;
  ListState<std::int64_t> pages;
  MapState<std::int64_t, std::int64_t> times;

  auto states() const { return std::tuple(kCount, kPages, kTimes); }
  void open(RuntimeContext& context) {
    count = context.state(kCount);
    pages = context.state(kPages);
    times = context.state(kTimes);
  }
  void see(const Visit& visit) {
    count.update([](std::int64_t& n) { ++n; });
    pages.add(visit.page);
    const auto* const seen = times.find(visit.page);
    times.put(visit.page, seen == nullptr ? 1 : *seen + 1);
  }
  [[nodiscard]] std::string told(const std::string& user) const {
    return user + ": " + std::to_string(*count.get()) + " " + std::to_string(pages.get().size()) + " " +
           std::to_string(times.get().size());
  }
};
struct RememberAndTell : Remember {
  std::string operator()(const Visit& visit) {
    see(visit);
    return told(visit.user);
  }
};
struct RememberAndTellEach : Remember {
  void operator()(const Visit& visit, Out<std::string>& out) {
    see(visit);
    out(told(visit.user));
  }
};
struct FirstOfUser : Remember {
  bool operator()(const Visit& visit) {
    see(visit);
    return *count.get() == 1;
  }
};

const std::vector<Visit> kVisits{{"ada", 1}, {"bob", 1}, {"ada", 2}, {"ada", 1}, {"bob", 1}};
const Lines kTold{"ada: 1 1 1", "ada: 2 2 2", "ada: 3 3 2", "bob: 1 1 1", "bob: 2 2 1"};

TEST_CASE("functions behind key_by() keep state for each key") {
  const auto lines = std::make_shared<Collected<std::string>>();
  const auto visits = std::make_shared<Collected<Visit>>();
  const auto notes = std::make_shared<Notes>();
  struct NoteLast : Remember {
    std::shared_ptr<Notes> notes;
    void operator()(const Visit& visit) {
      see(visit);
      notes->add(told(visit.user));
    }
  };
  LocalJob::Build program;
  SUBCASE("map") {
    program = [&](Environment& env) {
      env.from_collection(kVisits).key_by(&Visit::user).map(RememberAndTell{}).collect(lines);
    };
  }
  SUBCASE("flat_map") {
    program = [&](Environment& env) {
      env.from_collection(kVisits).key_by(&Visit::user).flat_map(RememberAndTellEach{}).collect(lines);
    };
  }
  SUBCASE("filter") {
    program = [&](Environment& env) {
      env.from_collection(kVisits).key_by(&Visit::user).filter(FirstOfUser{}).collect(visits);
    };
  }
  SUBCASE("for_each") {
    program = [&](Environment& env) {
      NoteLast last;
      last.notes = notes;
      env.from_collection(kVisits).key_by(&Visit::user).for_each(last);
    };
  }
  const JobOutcome outcome = LocalJob().run(program, 2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);

  auto told = lines->take();
  for (std::string& note : notes->sorted()) told.push_back(note);
  std::ranges::sort(told);
  auto first = visits->take();
  std::ranges::sort(first);
  if (told.empty()) CHECK(first == std::vector<Visit>{{"ada", 1}, {"bob", 1}});
  else CHECK(told == kTold);
}

TEST_CASE("a reduce function may keep state of its own") {
  struct SumAndCount {
    ValueState<std::int64_t> calls;
    void open(RuntimeContext& context) { calls = context.state(value_state<std::int64_t>("calls")); }
    Visit operator()(const Visit& held, const Visit& next) {
      calls.update([](std::int64_t& n) { ++n; });
      return {held.user, held.page + next.page + 100 * *calls.get()};
    }
  };
  const auto collected = std::make_shared<Collected<Visit>>();
  const JobOutcome outcome = LocalJob().run([&](Environment& env) {
    env.from_collection(kVisits).key_by(&Visit::user).reduce(SumAndCount{}, Emit::Final).collect(collected);
  });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  auto sums = collected->take();
  std::ranges::sort(sums);
  CHECK(sums == std::vector<Visit>{{"ada", 304}, {"bob", 102}});
}

TEST_CASE("state expires while the job runs") {
  /// One visit, a pause, and the same visit again.
  struct TwoVisits final : SourceFunction<std::string> {
    void run(SourceContext<std::string>& context) override {
      context.collect("ada");
      context.await_until(SystemClock{}.now() + 20ms);
      context.collect("ada");
    }
  };
  struct First {
    StateTtl ttl;
    ValueState<bool> seen;
    void open(RuntimeContext& context) { seen = context.state(value_state<bool>("seen").expiring(ttl)); }
    bool operator()(const std::string&) {
      const bool is_first = seen.get() == nullptr;
      seen.set(true);
      return is_first;
    }
  };
  const auto visits_with = [](StateTtl ttl) {
    const auto out = std::make_shared<Collected<std::string>>();
    const JobOutcome outcome = LocalJob().run([&](Environment& env) {
      env.add_source<std::string>("visits", [] { return std::make_unique<TwoVisits>(); })
          .key_by([](const std::string& user) { return user; })
          .filter(First{ttl, {}})
          .collect(out);
    });
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    return out->take().size();
  };
  CHECK(visits_with({.lifetime = 10ms}) == 2);
  CHECK(visits_with({.lifetime = 1h}) == 1);
}

// Checkpoints.

constexpr std::uint64_t kNumbers = 4000;
constexpr std::uint64_t kUsers = 50;

/// Knows by user how many numbers came, and of its subtask what it saw and what all agreed upon.
struct Ledger {
  std::shared_ptr<Notes> notes;
  ValueState<std::int64_t> count;
  OperatorListState<std::uint64_t>* seen = nullptr;
  OperatorListState<std::uint32_t>* subtasks = nullptr;
  BroadcastState<std::string, std::uint64_t>* agreed = nullptr;
  std::vector<std::uint64_t> fresh = {};

  void open(RuntimeContext& context) {
    count = context.state(value_state<std::int64_t>("count"));
    seen = &context.state(split_list<std::uint64_t>("seen"));
    subtasks = &context.state(union_list<std::uint32_t>("subtasks"));
    agreed = &context.state(broadcast_map<std::string, std::uint64_t>("agreed"));
    if (context.is_restored()) {
      notes->add("restored: " + std::to_string(subtasks->get().size()) + " subtasks, " +
                 std::to_string(agreed->get().size()) + " agreed");
      for (const std::uint64_t number : seen->get()) notes->add("again " + std::to_string(number));
    }
    subtasks->assign({context.subtask_index()});
    agreed->put("users", kUsers);
  }
  Visit operator()(const Visit& visit) {
    count.update([](std::int64_t& n) { ++n; });
    fresh.push_back(static_cast<std::uint64_t>(visit.page));
    return {visit.user, *count.get()};
  }
  void snapshot(CheckpointId) {
    for (const std::uint64_t number : std::exchange(fresh, {})) seen->add(number);
  }
};

LocalJob::Build ledger_program(std::shared_ptr<Gate> gate, std::shared_ptr<Notes> notes,
                               std::shared_ptr<Collected<Visit>> out) {
  return [=](Environment& env) {
    env.enable_checkpointing(1h);
    env.generate(kNumbers,
                 [gate](std::uint64_t number) {
                   if (number >= kNumbers / 2) gate->pass();
                   return Visit{"user-" + std::to_string(number % kUsers), static_cast<std::int64_t>(number)};
                 })
        .uid("numbers")
        .key_by(&Visit::user)
        .map(Ledger{notes})
        .uid("ledger")
        .collect(out);
  };
}

TEST_CASE("state of functions goes on from a checkpoint, at another parallelism too") {
  for (const auto& [before, after] : {std::pair{2u, 3u}, {3u, 1u}, {2u, 2u}}) {
    CAPTURE(before);
    CAPTURE(after);
    LocalJob job;
    const auto gate = std::make_shared<Gate>();
    Result<CompletedCheckpoint> checkpoint = Error{};
    job.when_running([&, sources = before] {
      gate->await_waiting(sources);
      job.trigger_checkpoint(7);
      gate->open();
      checkpoint = job.await_checkpoint(7);
    });
    const auto unheard = std::make_shared<Notes>();
    const JobOutcome first =
        job.run(ledger_program(gate, unheard, std::make_shared<Collected<Visit>>()), before);
    REQUIRE_MESSAGE(first.status == JobStatus::Finished, first.failure);
    REQUIRE_MESSAGE(checkpoint, checkpoint.error().what);
    CHECK(unheard->sorted().empty());

    LocalJob next;
    next.restore_from(*checkpoint);
    const auto notes = std::make_shared<Notes>();
    const auto out = std::make_shared<Collected<Visit>>();
    const JobOutcome second = next.run(ledger_program(gate, notes, out), after);
    REQUIRE_MESSAGE(second.status == JobStatus::Finished, second.failure);

    std::map<std::string, std::int64_t> last;
    for (const Visit& each : out->take()) last[each.user] = std::max(last[each.user], each.page);
    CHECK(last.size() == kUsers);
    for (const auto& [user, count] : last) CHECK(count == kNumbers / kUsers);

    // The union list had all of those before in each, the map one copy, the split list each number once. (A
    // source that was held back has one more in its hand, which comes before the checkpoint.)
    const std::uint64_t seen = kNumbers / 2 + before;
    const Lines told = notes->sorted();
    CHECK(std::ranges::count(told, "restored: " + std::to_string(before) + " subtasks, 1 agreed") == after);
    CHECK(std::ranges::count_if(told, [](const std::string& note) { return note.starts_with("again"); }) ==
          static_cast<std::ptrdiff_t>(seen));
    CHECK(std::set(told.begin(), told.end()).size() == seen + 1);
  }
}

TEST_CASE("an operator tells its function of checkpoints") {
  struct Listens {
    Lines* heard = nullptr;
    int operator()(int value) const { return value; }
    void snapshot(CheckpointId id) const { heard->push_back("snapshot " + std::to_string(id)); }
    void on_checkpoint_complete(CheckpointId id) const { heard->push_back("complete " + std::to_string(id)); }
    void on_checkpoint_aborted(CheckpointId id) const { heard->push_back("aborted " + std::to_string(id)); }
  };
  Lines heard;
  Map<int, int, Listens> map(Listens{&heard});
  Operator& op = map;
  op.snapshot(1);
  op.on_checkpoint_complete(1);
  op.snapshot(2);
  op.on_checkpoint_aborted(2);
  CHECK(heard == Lines{"snapshot 1", "complete 1", "snapshot 2", "aborted 2"});
}

// Mistakes that only show when the job runs.

std::string failure_of(const LocalJob::Build& program) {
  const JobOutcome outcome = LocalJob().run(program);
  CHECK(outcome.status == JobStatus::Failed);
  return outcome.failure;
}

TEST_CASE("state by key in a function without keys is refused by name") {
  struct Asks {
    void open(RuntimeContext& context) { (void)context.state(value_state<int>("count")); }
    int operator()(int value) const { return value; }
  };
  const std::string failure = failure_of(
      [](Environment& env) { env.from_collection<int>({1}).map(Asks{}).name("lost").discard(); });
  CHECK(failure.find("operator \"lost\" (1/1)") != std::string::npos);
  CHECK(failure.find("the keyed state \"count\" is asked for by an operator without keys: put key_by() "
                     "before it") != std::string::npos);
}

TEST_CASE("a name of state stands for one type and one kind") {
  const auto failure_with = [](auto first, auto second) {
    struct Asks {
      decltype(first) one;
      decltype(second) other;
      void open(RuntimeContext& context) {
        (void)context.state(one);
        (void)context.state(other);
      }
      int operator()(int value) const { return value; }
    };
    return failure_of([&](Environment& env) {
      const auto itself = [](int value) { return value; };
      env.from_collection<int>({1}).key_by(itself).map(Asks{first, second}).discard();
    });
  };
  CHECK(failure_with(value_state<int>("n"), value_state<std::string>("n"))
            .find("the state \"n\" is asked for as value state i32 -> string, but it is value state i32 -> "
                  "i32: give one of them another name") != std::string::npos);
  CHECK(failure_with(value_state<int>("n"), list_state<int>("n")).find("the state \"n\" is asked for") !=
        std::string::npos);
  CHECK(failure_with(split_list<int>("n"), union_list<int>("n")).find("the state \"n\" is asked for") !=
        std::string::npos);
  // By key and of the subtask: in a checkpoint they would stand under one name.
  CHECK(failure_with(value_state<int>("n"), split_list<int>("n"))
            .find("asked for as split list i32, but it is value state i32 -> i32") != std::string::npos);
  CHECK(failure_with(split_list<int>("n"), value_state<int>("n")).find("the state \"n\" is asked for") !=
        std::string::npos);
}

}  // namespace
