// SPDX-License-Identifier: Apache-2.0
// Functions of operators with several inputs, with timers, of windows and joins, and of requests: each has a
// life, and state if its stream has keys.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/joins.h"
#include "api/program.h"
#include "test/support/local_job.h"
#include "test/support/operator_ends.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Lines = std::vector<std::string>;

class Notes {
public:
  void add(std::string note) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    notes_.push_back(std::move(note));
  }
  [[nodiscard]] Lines sorted() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    std::ranges::sort(notes_);
    return notes_;
  }

private:
  Mutex lock_;
  Lines notes_ WEIR_GUARDED_BY(lock_);
};

struct Click {
  std::string user;
  std::int64_t at = 0;
};

/// Tells when it begins and ends.
struct Lives {
  std::shared_ptr<Notes> notes;
  std::string role = {};
  std::string place = {};

  void open(RuntimeContext& context) {
    place = role + " " + context.display_name();
    notes->add(place + " opens");
  }
  void close() { notes->add(place + " closes"); }
};

/// Counts the records of each key; a function that has this has state.
struct Counts : Lives {
  inline static const auto kCount = value_state<std::int64_t>("count");
  ValueState<std::int64_t> count = {};

  auto states() const { return std::tuple(kCount); }
  void open(RuntimeContext& context) {
    Lives::open(context);
    count = context.state(kCount);
  }
  std::string next(const Click& click) {
    count.update([](std::int64_t& n) { ++n; });
    return click.user + std::to_string(*count.get());
  }
};

OperatorStream<Click> clicks(Environment& env) {
  return env.from_collection<Click>({{"ada", 1}, {"bob", 2}, {"ada", 3}})
      .assign_timestamps(&Click::at, ascending_timestamps());
}

/// Runs a program whose stream says something of each click, and checks what it said and who lived.
void check(const Lines& said, Lines lived, const std::function<void(Environment&, Lives,
                                                                    std::shared_ptr<Collected<std::string>>)>&
                                                program) {
  const auto notes = std::make_shared<Notes>();
  const auto collected = std::make_shared<Collected<std::string>>();
  const auto outcome =
      LocalJob().run([&](Environment& env) { program(env, Lives{.notes = notes}, collected); });
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  Lines values = collected->take();
  std::ranges::sort(values);
  CHECK(values == said);
  Lines expected;
  for (const std::string& who : lived) {
    expected.push_back(who + " (1/1) opens");
    expected.push_back(who + " (1/1) closes");
  }
  std::ranges::sort(expected);
  CHECK(notes->sorted() == expected);
}

const Lines kCounted{"ada1", "ada2", "bob1"};

TEST_CASE("a process function lives") {
  struct Says : Lives {
    void operator()(const Click& click, ProcessContext&, Out<std::string>& out) const { out(click.user); }
  };
  check({"ada", "ada", "bob"}, {"f Process"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).process(Says{life}).collect(collected);
  });
}

TEST_CASE("a process function of a keyed stream lives and has state, as an object or not") {
  struct Object : Counts {
    void process(const Click& click, KeyedContext<std::string>&, Out<std::string>& out) { out(next(click)); }
  };
  struct Called : Counts {
    void operator()(const Click& click, KeyedContext<std::string>&, Out<std::string>& out) {
      out(next(click));
    }
  };
  check(kCounted, {"f Keyed Process"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).key_by(&Click::user).process(Object{{life}}).collect(collected);
  });
  check(kCounted, {"f Keyed Process"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).key_by(&Click::user).process(Called{{life}}).collect(collected);
  });
}

TEST_CASE("functions of two inputs live, alone or as a pair, and share the state of their keys") {
  struct Both : Counts {
    std::string first(const Click& click) { return next(click); }
    std::string second(const Click& click) { return next(click); }
  };
  struct BothToMany : Counts {
    void first(const Click& click, Out<std::string>& out) { out(next(click)); }
    void second(const Click& click, Out<std::string>& out) { out(next(click)); }
  };
  struct One : Counts {
    std::string operator()(const Click& click) { return next(click); }
  };
  const Lines counted{"ada1", "ada2", "ada3", "ada4", "bob1", "bob2"};
  const auto connected = [](Environment& env) {
    return clicks(env).key_by(&Click::user).connect(clicks(env).key_by(&Click::user));
  };
  check(counted, {"f Co-Map"}, [&](Environment& env, Lives life, auto collected) {
    life.role = "f";
    connected(env).co_map(Both{{life}}).collect(collected);
  });
  check(counted, {"f Co-Flat-Map"}, [&](Environment& env, Lives life, auto collected) {
    life.role = "f";
    connected(env).co_flat_map(BothToMany{{life}}).collect(collected);
  });
  check(counted, {"a Co-Map", "b Co-Map"}, [&](Environment& env, Lives life, auto collected) {
    life.role = "a";
    One a{{life}};
    life.role = "b";
    connected(env).co_map(a, One{{life}}).collect(collected);
  });
}

/// Says of a user who clicked, and of whom no payment came in five ms.
struct Unpaid : Lives {
  ValueState<bool> waits = {};

  void open(RuntimeContext& context) {
    Lives::open(context);
    waits = context.state(value_state<bool>("waits"));
  }
  void first(const Click& click, KeyedContext<std::string>& context, Out<std::string>&) {
    waits.set(true);
    context.timers().add_event_time(click.at + 5);
  }
  void second(const Click&, KeyedContext<std::string>&, Out<std::string>&) { waits.clear(); }
  void on_timer(std::int64_t time, TimerContext<std::string>& context, Out<std::string>& out) {
    CHECK(context.timestamp() == EventTime{time});
    if (waits.get() != nullptr) out(context.key() + "@" + std::to_string(time));
  }
};

TEST_CASE("a function of two keyed streams has timers, which fire when both streams are there") {
  using Op = KeyedCoProcess<Click, Click, std::string, std::string Click::*, std::string Click::*, Unpaid>;
  const auto notes = std::make_shared<Notes>();
  testing::Gathered<std::string> said;
  OperatorContext context({"unpaid", 0, 1, 128});
  Op op(&Click::user, &Click::user, Unpaid{{.notes = notes}});
  op.bind(context);
  op.set_output(said);
  op.open(context);
  op.process_first({"ada", 1}, {1});
  op.process_first({"bob", 2}, {2});
  op.process_first({"cyd", 10}, {10});
  op.process_second({"ada", 3}, {3});
  op.advance_input(0, {8});
  CHECK(said.values.empty());  // the second stream may still bring a payment
  op.advance_input(1, {7});
  CHECK(said.values == Lines{"bob@7"});
  op.advance_input(0, EventTime::max());
  op.advance_input(1, EventTime::max());
  CHECK(said.values == Lines{"bob@7", "cyd@15"});
  op.close();
  CHECK(notes->sorted().size() == 2);
}

TEST_CASE("the same in a program") {
  check({"ada@6", "ada@8", "bob@7"}, {"f Co-Process"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    auto none = clicks(env).filter([](const Click&) { return false; });
    clicks(env).key_by(&Click::user).connect(none.key_by(&Click::user)).process(Unpaid{{life}}).collect(
        collected);
  });
}

constexpr MapStateTag<std::string, std::int64_t> kSeen{"seen"};

TEST_CASE("a function of a broadcast stream lives, and has the state of the other's keys") {
  struct Says : Counts {
    void first(const Click& click, const BroadcastContext&, Out<std::string>& out) { out(next(click)); }
    void second(const Click& click, BroadcastContext& context, Out<std::string>&) {
      context.broadcast(kSeen).put(click.user, click.at);
    }
  };
  check(kCounted, {"f Broadcast Process"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).key_by(&Click::user).connect(clicks(env).broadcast(kSeen)).process(Says{{life}}).collect(
        collected);
  });
}

TEST_CASE("functions that make requests live, those on threads of their own, too") {
  struct Asks : Lives {
    void operator()(const Click& click, AsyncResult<std::string> result) const { result(click.user); }
  };
  struct Waits : Lives {
    std::string operator()(const Click& click) const { return place.empty() ? "" : click.user; }
  };
  check({"ada", "ada", "bob"}, {"f Async Map"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).async_map(Asks{life}).collect(collected);
  });
  check({"ada", "ada", "bob"}, {"f Async Map"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    clicks(env).async_map(on_threads(2, Waits{life})).collect(collected);
  });
}

TEST_CASE("functions of windows live, and have state that outlives windows") {
  struct Says : Counts {
    void operator()(const std::string& user, const TimeWindow&, const WindowElements<Click>& all,
                    Out<std::string>& out) {
      for (const Click& each : all) out(next({user, each.at}));
    }
  };
  for (const bool evicts : {false, true}) {
    check(kCounted, {"f Window"}, [evicts](Environment& env, Lives life, auto collected) {
      life.role = "f";
      auto windows = clicks(env).key_by(&Click::user).window(TumblingEventTime(2ms));
      auto said = evicts ? windows.evictor(CountEvictor(5)).template process<std::string>(Says{{life}})
                         : windows.template process<std::string>(Says{{life}});
      said.name("Window");
      said.collect(collected);
    });
  }
}

TEST_CASE("functions of joins live") {
  struct Pairs : Lives {
    std::string operator()(const Click& a, const Click& b) const {
      return a.user + std::to_string(a.at) + std::to_string(b.at);
    }
  };
  struct Lists : Lives {
    void operator()(const std::vector<Click>& a, const std::vector<Click>& b, Out<std::string>& out) const {
      out(std::to_string(a.size()) + std::to_string(b.size()));
    }
  };
  check({"ada11", "ada13", "ada31", "ada33", "bob22"}, {"f Window Join"},
        [](Environment& env, Lives life, auto collected) {
          life.role = "f";
          join(clicks(env), clicks(env)).where(&Click::user).equal_to(&Click::user)
              .window(TumblingEventTime(10ms)).apply(Pairs{life}).collect(collected);
        });
  check({"11", "22"}, {"f Co-Group"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    join(clicks(env), clicks(env)).where(&Click::user).equal_to(&Click::user)
        .window(TumblingEventTime(10ms)).template co_group<std::string>(Lists{life}).collect(collected);
  });
  check({"ada11", "ada33", "bob22"}, {"f Interval Join"}, [](Environment& env, Lives life, auto collected) {
    life.role = "f";
    interval_join(clicks(env), &Click::user, clicks(env), &Click::user, 0ms, 1ms)
        .apply(Pairs{life})
        .collect(collected);
  });
}

}  // namespace
