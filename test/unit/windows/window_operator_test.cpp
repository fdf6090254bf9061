// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "execution/operators/operator_harness.h"
#include "execution/windows/window_operator.h"
#include "test/support/standard_error.h"

using namespace weir;
using weir::testing::standard_error_of;

namespace {

struct Hit {
  std::string page;
  std::int64_t bytes = 0;
};

struct Sum {
  using Accumulator = std::int64_t;
  void add(std::int64_t& sum, const Hit& hit) const { sum += hit.bytes; }
  void merge(std::int64_t& into, std::int64_t from) const { into += from; }
  std::int64_t result(std::int64_t sum) const { return sum; }
};

/// "page [start,end) sum"
struct Tell {
  template <class W>
  void operator()(const std::string& page, const W& window, std::int64_t sum, Out<std::string>& out) const {
    out(page + " [" + std::to_string(window.start) + "," + std::to_string(window.end) + ") " +
        std::to_string(sum));
  }
};

template <class Assigner, class Trigger = typename Assigner::DefaultTrigger>
auto summing(Assigner assigner, Trigger trigger = {}, std::int64_t lateness = 0) {
  using Plan = WindowPlan<Hit, std::string, std::string Hit::*, Assigner, Trigger, NoEvictor,
                          AggregatedContents<Sum>, Tell>;
  const Plan plan{&Hit::page, assigner, trigger, {}, AggregatedContents<Sum>{{}}, {}, lateness};
  return OperatorHarness<Hit, std::string>([plan] { return std::make_unique<WindowOperator<Plan>>(plan); },
                                           &Hit::page);
}

using Lines = std::vector<std::string>;
template <class Harness>
Lines sorted_output(Harness& task) {
  Lines lines = task.take_values();
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE("tumbling windows say their sum when the watermark has passed them") {
  auto task = summing(TumblingEventTime(10ms));
  task.record({"a", 1}, 0);
  task.record({"a", 2}, 9);
  task.record({"b", 3}, 5);
  task.record({"a", 4}, 10);
  task.watermark(8);
  CHECK(sorted_output(task) == Lines{});
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.watermark(9);
  CHECK(sorted_output(task) == Lines{"a [0,10) 3", "b [0,10) 3"});
  task.record({"a", 5}, 9);  // late
  task.watermark(100);
  CHECK(sorted_output(task) == Lines{"a [10,20) 4"});
  CHECK(task.output_watermark() == EventTime{100});
}

TEST_CASE("a sliding window is put together of slices") {
  auto task = summing(SlidingEventTime(10ms, 5ms));
  task.record({"a", 1}, 1);
  task.record({"a", 2}, 6);
  task.record({"a", 4}, 13);
  task.watermark(4);
  CHECK(sorted_output(task) == Lines{"a [-5,5) 1"});
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.watermark(6);
  task.record({"a", 8}, 3);  // too late for one window, not for the other
  task.finish();
  CHECK(task.take_values() == Lines{"a [0,10) 11", "a [5,15) 6", "a [10,20) 4"});
}

TEST_CASE("a late record is in no sliding window that has spoken, also after a crash") {
  auto task = summing(SlidingEventTime(10ms, 5ms));
  task.watermark(4);
  task.record({"a", 1}, 22);
  task.watermark(14);        // no window of "a" was over meanwhile
  task.record({"a", 2}, 12);  // too late for one window, not for the other
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.watermark(14);
  CHECK(task.take_values() == Lines{});
  task.watermark(19);
  CHECK(task.take_values() == Lines{"a [10,20) 2"});
}

TEST_CASE("sliding windows speak of late records, whatever the first watermark is after a crash") {
  auto task = summing(SlidingEventTime(10ms, 5ms));
  task.record({"a", 1}, 22);
  task.watermark(14);
  task.record({"b", 2}, 12);
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.watermark(29);
  CHECK(sorted_output(task) == Lines{"a [15,25) 1", "a [20,30) 1", "b [10,20) 2"});
}

TEST_CASE("sliding windows that were over before a crash do not come again with records before a watermark") {
  auto task = summing(SlidingEventTime(10ms, 5ms));
  task.watermark(4);
  task.record({"a", 1}, 22);
  task.watermark(14);
  task.record({"b", 2}, 17);
  task.crash_and_restore();
  task.record({"c", 4}, 12);
  task.watermark(29);
  CHECK(sorted_output(task) ==
        Lines{"a [15,25) 1", "a [20,30) 1", "b [10,20) 2", "b [15,25) 2", "c [10,20) 4"});
}

TEST_CASE("sessions grow, merge and end") {
  auto task = summing(EventTimeSessions(10ms));
  task.record({"a", 1}, 0);
  task.record({"a", 2}, 25);
  task.record({"a", 4}, 9);
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.watermark(17);
  CHECK(task.take_values() == Lines{});
  task.record({"a", 8}, 17);  // joins both
  task.watermark(33);
  CHECK(task.take_values() == Lines{});
  task.watermark(34);
  CHECK(task.take_values() == Lines{"a [0,35) 15"});
}

TEST_CASE("a late record that is allowed has its window speak again, at once") {
  auto task = summing(TumblingEventTime(10ms), EventTimeTrigger{}, 5);
  task.record({"a", 1}, 0);
  task.watermark(9);
  CHECK(task.take_values() == Lines{"a [0,10) 1"});
  task.record({"a", 2}, 5);
  CHECK(task.take_values() == Lines{"a [0,10) 3"});
  task.watermark(14);
  task.record({"a", 4}, 5);
  CHECK(task.take_values() == Lines{});
}

TEST_CASE("windows of the clock speak when it says so, and at the end of the input") {
  auto task = summing(TumblingProcessingTime(10ms));
  task.set_processing_time(3);
  task.record({"a", 1});
  CHECK(task.next_wake() == 9);
  SUBCASE("in one life") {}
  SUBCASE("across a crash") { task.crash_and_restore(); }
  task.set_processing_time(9);
  CHECK(task.take_values() == Lines{"a [0,10) 1"});
  task.set_processing_time(12);
  task.record({"a", 2});
  task.finish();
  CHECK(task.take_values() == Lines{"a [10,20) 2"});
}

TEST_CASE("a stream of event time without watermarks is told of, one that was over at once is not") {
  auto task = summing(TumblingEventTime(10ms));
  std::string complaint;
  SUBCASE("while it waits") {
    task.record({"a", 1}, 5);
    CHECK(standard_error_of([&] { task.set_processing_time(59'999); }).empty());
    complaint = standard_error_of([&] { task.set_processing_time(60'000); });
  }
  SUBCASE("at the end, when there was time enough for one") {
    task.record({"a", 1}, 5);
    task.set_processing_time(2'000);
    complaint = standard_error_of([&] { task.finish(); });
  }
  SUBCASE("not at the end of a short input, which was read before anybody asked for its time") {
    task.record({"a", 1}, 5);
    task.set_processing_time(1'999);
    CHECK(standard_error_of([&] { task.finish(); }).empty());
    return;
  }
  CAPTURE(complaint);
  CHECK(complaint.find("\"operator under test\" has windows of event time") != std::string::npos);
}
