// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "api/joins.h"
#include "examples/nexmark/queries.h"
#include "examples/nexmark/streams.h"

using namespace std::chrono_literals;

namespace nexmark {

namespace {

struct Count {
  std::int64_t id = 0;
  std::int64_t count = 0;
  std::int64_t until = 0;  // the end of the window in which it was counted
};

void tell_count(std::int64_t id, const weir::TimeWindow& window, std::int64_t count, weir::Out<Count>& out) {
  out({id, count, window.end});
}

/// Those with the most of all, of which there may be several.
template <class T, std::int64_t T::*kField>
struct Most {
  using Accumulator = std::vector<T>;

  void add(std::vector<T>& most, const T& value) const {
    if (!most.empty() && value.*kField > most.front().*kField) most.clear();
    if (most.empty() || value.*kField == most.front().*kField) most.push_back(value);
  }
  void merge(std::vector<T>& most, const std::vector<T>& others) const {
    for (const T& each : others) add(most, each);
  }
  const std::vector<T>& result(const std::vector<T>& most) const { return most; }
};

}  // namespace

Lines q5(const Events& events) {
  auto counts = bids_of(events)
                    .key_by(&Bid::auction)
                    .window(weir::SlidingEventTime(10s, 2s))
                    .count(&tell_count)
                    .uid("q5-counts");
  // A count has the last moment of its window as its time: windows of one slide gather those of one end.
  return counts.window_all(weir::TumblingEventTime(2s))
      .aggregate(Most<Count, &Count::count>{},
                 [](const weir::TimeWindow&, const std::vector<Count>& most, weir::Out<std::string>& out) {
                   for (const Count& each : most) out(line(each.id, each.count, each.until));
                 })
      .uid("q5-most");
}

Lines q7(const Events& events) {
  return bids_of(events)
      .window_all(weir::TumblingEventTime(10s))
      .aggregate(Most<Bid, &Bid::price>{},
                 [](const weir::TimeWindow&, const std::vector<Bid>& most, weir::Out<std::string>& out) {
                   for (const Bid& each : most) out(line(each, each.extra));
                 })
      .uid("q7");
}

Lines q8(const Events& events) {
  auto newcomers = weir::join(persons_of(events), auctions_of(events))
                       .where(&Person::id)
                       .equal_to(&Auction::seller)
                       .window(weir::TumblingEventTime(10s))
                       .co_group([](const std::vector<Person>& persons, const std::vector<Auction>& auctions,
                                    weir::Out<std::string>& out) {
                         if (auctions.empty()) return;
                         for (const Person& each : persons)
                           out(line(each.id, each.name, each.at / 10'000 * 10'000));
                       });
  newcomers.uid("q8");
  return newcomers;
}

Lines q11(const Events& events) {
  return bids_of(events)
      .key_by(&Bid::bidder)
      .window(weir::EventTimeSessions(10s))
      .count([](std::int64_t bidder, const weir::TimeWindow& session, std::int64_t count,
                weir::Out<std::string>& out) { out(line(bidder, count, session.start, session.end)); })
      .uid("q11");
}

Lines q12(const Events& events) {
  return bids_of(events)
      .key_by(&Bid::bidder)
      .window(weir::TumblingProcessingTime(10s))
      .count([](std::int64_t bidder, const weir::TimeWindow& window, std::int64_t count,
                weir::Out<std::string>& out) { out(line(bidder, count, window.start, window.end)); })
      .uid("q12");
}

}  // namespace nexmark
