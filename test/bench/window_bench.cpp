// SPDX-License-Identifier: Apache-2.0
// Windows, sessions and timers, just as a task runs them behind an exchange, beside loops written by hand for
// the same thing.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "execution/operators/element_reader.h"
#include "execution/windows/window_operator.h"
#include "memory/memory_segment.h"
#include "test/bench/figures.h"
#include "test/bench/text_generator.h"

namespace weir::bench {

namespace {

struct Event {
  std::uint64_t key = 0;
};

struct CountEvents {
  using Accumulator = std::int64_t;
  void add(std::int64_t& count, const Event&) const { ++count; }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  [[nodiscard]] std::int64_t result(std::int64_t count) const { return count; }
};

/// A stream: `records_a_second` of event time, keys drawn uniformly, a little out of order, a watermark each
/// 200 ms.
struct StreamShape {
  std::uint64_t records = 0;
  std::uint64_t keys = 0;
  std::uint64_t records_a_second = 0;
  std::int64_t disorder_ms = 50;
};

/// As it lies in segments behind an exchange, and in a plain array for the limits.
class Stream {
public:
  struct Plain {
    std::int64_t time = 0;
    std::uint64_t key = 0;
  };
  struct Run {  // segments, then a watermark
    std::vector<std::vector<std::byte>> segments;
    std::vector<Plain> plain;
    std::int64_t watermark = 0;
  };

  explicit Stream(const StreamShape& shape) : records_(shape.records) {
    constexpr std::int64_t kWatermarkEvery = 200;
    Random random(1);
    Run run;
    std::int64_t next_watermark = kWatermarkEvery;
    for (std::uint64_t i = 0; i < shape.records; ++i) {
      const auto now = static_cast<std::int64_t>(i * 1000 / shape.records_a_second);
      if (now >= next_watermark) {
        finish(run, now - shape.disorder_ms - 1);
        next_watermark += kWatermarkEvery;
      }
      const auto back = random.next() % static_cast<std::uint64_t>(shape.disorder_ms);
      run.plain.push_back({now - static_cast<std::int64_t>(back), random.next() % shape.keys});
    }
    finish(run, EventTime::max().millis);
  }

  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] double rate(double seconds) const { return static_cast<double>(records_) / seconds / 1e6; }
  [[nodiscard]] double nanos(double seconds) const { return seconds * 1e9 / static_cast<double>(records_); }

private:
  void finish(Run& run, std::int64_t watermark) {
    constexpr std::size_t kRecordBytes = kMaxElementHeaderBytes + sizeof(Event);
    for (const Plain& plain : run.plain) {
      if (run.segments.empty() || run.segments.back().size() + kRecordBytes > kDefaultSegmentBytes) {
        run.segments.emplace_back();
        run.segments.back().reserve(kDefaultSegmentBytes + kSegmentSlackBytes);
      }
      auto& segment = run.segments.back();
      const std::size_t at = segment.size();
      segment.resize(at + kRecordBytes);
      std::byte* const value = write_record_header(segment.data() + at, EventTime{plain.time});
      (void)Serializer<Event>::write({plain.key}, value);
    }
    run.watermark = watermark;
    runs_.push_back(std::move(run));
    run = {};
  }

  std::uint64_t records_;
  std::vector<Run> runs_;
};

/// Adds up what windows say.
struct Sink final : Input<std::int64_t> {
  void process(const std::int64_t& value, EventTime) override { sum += value; }
  std::int64_t sum = 0;
};

/// Counts the records of the windows of each key; returns the sum of all counts.
template <class Assigner>
std::int64_t count_by_operator(const Stream& stream, Assigner assigner) {
  using Plan =
      WindowPlan<Event, std::int64_t, std::uint64_t Event::*, Assigner, EventTimeTrigger, NoEvictor,
                 AggregatedContents<CountEvents>, SayResult>;
  OperatorContext context({.operator_name = "Windows"});
  Sink sink;
  WindowOperator<Plan> op(Plan{&Event::key, assigner, {}, {}, AggregatedContents<CountEvents>({}), {}});
  op.bind(context);
  op.set_output(sink);
  op.open(context);
  RecordReader<Event, WindowOperator<Plan>> reader(op);
  const std::atomic<std::uint32_t> undisturbed = 0;
  std::uint64_t count = 0;
  for (const Stream::Run& run : stream.runs()) {
    for (const auto& segment : run.segments)
      (void)static_cast<ElementReader&>(reader).read_records(segment.data(), segment.data() + segment.size(),
                                                            undisturbed, count);
    op.advance_watermark(EventTime{run.watermark});
  }
  op.close();
  return sink.sum;
}

// By hand.

struct FlatHash {
  using is_avalanching = void;
  std::size_t operator()(std::uint64_t key) const {
    const auto product = static_cast<unsigned __int128>(key ^ 0xa0761d6478bd642full) * 0xe7037ed1a0b428dbull;
    return static_cast<std::size_t>(product) ^ static_cast<std::size_t>(product >> 64);
  }
};
template <class V>
using FlatMap_ = boost::unordered_flat_map<std::uint64_t, V, FlatHash>;

/// Tumbling windows: a map a window, found once for each run of records of one window.
std::int64_t count_by_hand(const Stream& stream, std::int64_t size) {
  std::map<std::int64_t, FlatMap_<std::int64_t>> windows;
  std::int64_t sum = 0;
  for (const Stream::Run& run : stream.runs()) {
    FlatMap_<std::int64_t>* current = nullptr;
    std::int64_t start = 0;
    for (const Stream::Plain& record : run.plain) {
      if (current == nullptr || record.time < start || record.time >= start + size) {
        start = window_math::last_step(record.time, size, 0);
        current = &windows[start];
      }
      ++(*current)[record.key];
    }
    while (!windows.empty() && windows.begin()->first + size - 1 <= run.watermark) {
      for (const auto& [key, count] : windows.begin()->second) sum += count;
      windows.erase(windows.begin());
    }
  }
  return sum;
}

/// Sessions: the one that is open of each key, and an older one if there is; all are looked through at each
/// watermark, of which there are few.
std::int64_t sessions_by_hand(const Stream& stream, std::int64_t gap) {
  struct Session {
    std::int64_t end = 0;
    std::int64_t count = 0;
  };
  FlatMap_<Session> open;
  std::int64_t sum = 0;
  std::uint64_t runs = 0;
  for (const Stream::Run& run : stream.runs()) {
    for (const Stream::Plain& record : run.plain) {
      Session& session = open[record.key];
      if (session.end < record.time) {
        sum += session.count;
        session.count = 0;
      }
      session.end = std::max(session.end, record.time + gap);
      ++session.count;
    }
    if (++runs % 50 != 0 && run.watermark != EventTime::max().millis) continue;
    boost::unordered::erase_if(open, [&](const auto& each) {
      if (each.second.end - 1 > run.watermark) return false;
      sum += each.second.count;
      return true;
    });
  }
  return sum;
}

// Timers.

constexpr std::uint64_t kTimers = 1'000'000;
using TimerList = std::vector<std::pair<std::int64_t, std::uint64_t>>;

TimerList random_timers() {
  Random random(2);
  TimerList timers;
  for (std::uint64_t i = 0; i < kTimers; ++i)
    timers.emplace_back(static_cast<std::int64_t>(random.next() % 3'600'000), random.next());
  return timers;
}

std::uint64_t timers_by_queue(const TimerList& wanted) {
  KeyedBackend backend({0, 127}, 128);
  Timers<std::uint64_t> timers(backend, "timers");
  for (const auto& [time, key] : wanted) timers.add(time, key);
  std::uint64_t sum = 0;
  for (std::int64_t now = 0; timers.count() > 0; now += 200)
    timers.fire_until(now, [&](const auto& timer) { sum += timer.key; });
  return sum;
}

/// What needs no look-up: all are there before the first fires, and none is there twice.
std::uint64_t timers_by_sorting(TimerList wanted) {
  std::ranges::sort(wanted);
  std::uint64_t sum = 0;
  for (const auto& [time, key] : wanted) sum += key;
  return sum;
}

void give_up_unless(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A stream that is made when it is first asked for, and kept.
auto kept_stream(const StreamShape& shape) {
  return [shape, kept = std::make_shared<std::unique_ptr<Stream>>()]() -> const Stream& {
    if (!*kept) *kept = std::make_unique<Stream>(shape);
    return **kept;
  };
}

void add_tumbling() {
  const auto stream = kept_stream({.records = 8'000'000, .keys = 10'000, .records_a_second = 100'000});
  add_measure("windows_tumbling_count/ours", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds =
        seconds_of([&, &in = stream()] { sum = count_by_operator(in, TumblingEventTime(10s)); });
    give_up_unless(sum == 8'000'000, "records were lost");
    set_figure(state, stream().rate(seconds), "M records/s");
  });
  add_measure("windows_tumbling_count/limit", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds = seconds_of([&, &in = stream()] { sum = count_by_hand(in, 10'000); });
    give_up_unless(sum == 8'000'000, "records were lost");
    set_figure(state, stream().rate(seconds), "M records/s");
  });
}

/// Beside tumbling windows of an hour: what the slide costs a record.
void add_sliding() {
  const auto stream = kept_stream({.records = 8'000'000, .keys = 200, .records_a_second = 1600});
  add_measure("windows_sliding_1h_1s_to_tumbling/ours", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds =
        seconds_of([&, &in = stream()] { sum = count_by_operator(in, SlidingEventTime(1h, 1s)); });
    give_up_unless(sum == 8'000'000LL * 3600, "records were lost");
    set_figure(state, stream().nanos(seconds), "ns/record");
  });
  add_measure("windows_sliding_1h_1s_to_tumbling/limit", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds =
        seconds_of([&, &in = stream()] { sum = count_by_operator(in, TumblingEventTime(1h)); });
    give_up_unless(sum == 8'000'000, "records were lost");
    set_figure(state, stream().nanos(seconds), "ns/record");
  });
}

void add_sessions() {
  const auto stream = kept_stream({.records = 4'000'000, .keys = 10'000, .records_a_second = 100'000});
  add_measure("windows_sessions/ours", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds =
        seconds_of([&, &in = stream()] { sum = count_by_operator(in, EventTimeSessions(300ms)); });
    give_up_unless(sum == 4'000'000, "records were lost");
    set_figure(state, stream().rate(seconds), "M records/s");
  });
  add_measure("windows_sessions/limit", [=](benchmark::State& state) {
    std::int64_t sum = 0;
    const double seconds = seconds_of([&, &in = stream()] { sum = sessions_by_hand(in, 300); });
    give_up_unless(sum == 4'000'000, "records were lost");
    set_figure(state, stream().rate(seconds), "M records/s");
  });
}

void add_timers() {
  const auto timers = std::make_shared<TimerList>(random_timers());
  const auto rate = [](double seconds) { return static_cast<double>(kTimers) / seconds / 1e6; };
  add_measure("windows_timers/ours", [=](benchmark::State& state) {
    set_figure(state, rate(seconds_of([&] { benchmark::DoNotOptimize(timers_by_queue(*timers)); })),
               "M timers/s");
  });
  add_measure("windows_timers/limit", [=](benchmark::State& state) {
    set_figure(state, rate(seconds_of([&] { benchmark::DoNotOptimize(timers_by_sorting(*timers)); })),
               "M timers/s");
  });
}

}  // namespace

}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  add_tumbling();
  add_sliding();
  add_sessions();
  add_timers();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
