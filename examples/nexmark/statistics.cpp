// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "examples/nexmark/queries.h"
#include "examples/nexmark/streams.h"

namespace nexmark {

namespace {

using weir::Out;
using weir::TimeWindow;

constexpr std::size_t kRanks = 3;

/// Bids are counted in three ranks, by their price.
std::size_t rank_of(const Bid& bid) { return bid.price < 10'000 ? 0 : bid.price < 1'000'000 ? 1 : 2; }

std::string date_of(const TimeWindow& day) { return date_of_day(day.start / kDayMs); }

/// Bids, and how many different bidders and auctions there were, in each rank.
struct DayOfBids {
  struct Rank {
    std::int64_t bids = 0;
    std::set<std::int64_t> bidders;
    std::set<std::int64_t> auctions;
  };
  using Accumulator = std::vector<Rank>;  // of kRanks, once there is a bid

  void add(Accumulator& ranks, const Bid& bid) const {
    ranks.resize(kRanks);
    Rank& rank = ranks[rank_of(bid)];
    ++rank.bids;
    rank.bidders.insert(bid.bidder);
    rank.auctions.insert(bid.auction);
  }
  void merge(Accumulator& ranks, const Accumulator& others) const {
    ranks.resize(kRanks);
    for (std::size_t i = 0; i < others.size(); ++i) merge(ranks[i], others[i]);
  }
  const Accumulator& result(const Accumulator& ranks) const { return ranks; }

  static void merge(Rank& rank, const Rank& other) {
    rank.bids += other.bids;
    rank.bidders.insert(other.bidders.begin(), other.bidders.end());
    rank.auctions.insert(other.auctions.begin(), other.auctions.end());
  }
};

void tell_day(const TimeWindow& day, const DayOfBids::Accumulator& ranks, Out<std::string>& out) {
  DayOfBids::Rank all;
  for (const DayOfBids::Rank& rank : ranks) DayOfBids::merge(all, rank);
  Line line;
  line.add(date_of(day)).add(all.bids);
  for (const auto& rank : ranks) line.add(rank.bids);
  line.add(all.bidders.size());
  for (const auto& rank : ranks) line.add(rank.bidders.size());
  line.add(all.auctions.size());
  for (const auto& rank : ranks) line.add(rank.auctions.size());
  out(line.text());
}

struct Prices {
  struct Accumulator {
    std::int64_t low = 0;  // bids of each rank
    std::int64_t middle = 0;
    std::int64_t high = 0;
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::int64_t sum = 0;
  };

  void add(Accumulator& prices, const Bid& bid) const {
    const std::size_t rank = rank_of(bid);
    merge(prices, {rank == 0, rank == 1, rank == 2, bid.price, bid.price, bid.price});
  }
  void merge(Accumulator& prices, const Accumulator& others) const {
    prices.least = count_of(prices) == 0 ? others.least : std::min(prices.least, others.least);
    prices.most = std::max(prices.most, others.most);
    prices.sum += others.sum;
    prices.low += others.low;
    prices.middle += others.middle;
    prices.high += others.high;
  }
  const Accumulator& result(const Accumulator& prices) const { return prices; }

  static std::int64_t count_of(const Accumulator& prices) { return prices.low + prices.middle + prices.high; }
};

void tell_prices(std::int64_t auction, const TimeWindow& day, const Prices::Accumulator& prices,
                 Out<std::string>& out) {
  const std::int64_t count = Prices::count_of(prices);
  out(line(auction, date_of(day), count, prices.low, prices.middle, prices.high, prices.least, prices.most,
           prices.sum / count, prices.sum));
}

// Bids of one moment have an order, too: that of all their fields.
auto order_of(const Bid& bid) { return std::tie(bid.at, bid.price, bid.channel, bid.url, bid.extra); }

/// The ten highest bids for an auction, highest first.
struct Top {
  std::int64_t auction = 0;
  std::vector<Bid> bids;
};

bool is_higher(const Bid& a, const Bid& b) {
  return a.price != b.price ? a.price > b.price : order_of(a) < order_of(b);
}

Top merged(const Top& a, const Top& b) {
  Top both{a.auction, {}};
  std::ranges::merge(a.bids, b.bids, std::back_inserter(both.bids), &is_higher);
  if (both.bids.size() > 10) both.bids.resize(10);
  return both;
}

}  // namespace

Lines q15(const Events& events) {
  return bids_of(events)
      .window_all(weir::TumblingEventTime(std::chrono::milliseconds(kDayMs)))
      .aggregate(DayOfBids{}, &tell_day)
      .uid("q15");
}

Lines q17(const Events& events) {
  return bids_of(events)
      .key_by(&Bid::auction)
      .window(weir::TumblingEventTime(std::chrono::milliseconds(kDayMs)))
      .aggregate(Prices{}, &tell_prices)
      .uid("q17");
}

Lines q18(const Events& events) {
  return bids_of(events)
      .key_by([](const Bid& bid) { return std::pair(bid.bidder, bid.auction); })
      .reduce([](const Bid& a, const Bid& b) { return order_of(a) < order_of(b) ? b : a; },
              weir::Emit::Final)
      .uid("q18")
      .map([](const Bid& bid) { return line(bid, bid.extra); });
}

Lines q19(const Events& events) {
  return bids_of(events)
      .map([](const Bid& bid) { return Top{bid.auction, {bid}}; })
      .key_by(&Top::auction)
      .reduce(&merged, weir::Emit::Final)
      .uid("q19")
      .flat_map([](const Top& top, Out<std::string>& out) {
        for (std::size_t rank = 0; rank < top.bids.size(); ++rank)
          out(line(top.bids[rank], top.bids[rank].extra, rank + 1));
      });
}

}  // namespace nexmark
