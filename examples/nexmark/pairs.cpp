// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/nexmark/queries.h"
#include "examples/nexmark/streams.h"

namespace nexmark {

namespace {

using weir::KeyedContext;
using weir::OperatorContext;
using weir::Out;
using weir::TimerContext;
using weir::ValueState;

/// A person, and the auctions of those who have not registered yet.
class LocalSellers {
public:
  void open(OperatorContext& context) {
    person_ = context.keyed_state().state(weir::value_state<Person>("person"));
    auctions_ = context.keyed_state().state(weir::list_state<std::int64_t>("auctions"));
  }
  void process(const Event& event, KeyedContext<std::int64_t>&, Out<std::string>& out) {
    if (event.person) {
      person_.set(*event.person);
      for (const std::int64_t auction : auctions_.get()) tell(*event.person, auction, out);
      auctions_.clear();
    } else if (const Person* seller = person_.get()) {
      tell(*seller, event.auction->id, out);
    } else {
      auctions_.add(event.auction->id);
    }
  }

private:
  static void tell(const Person& seller, std::int64_t auction, Out<std::string>& out) {
    if (seller.state == "OR" || seller.state == "ID" || seller.state == "CA")
      out(line(seller.name, seller.city, seller.state, auction));
  }

  ValueState<Person> person_;
  weir::ListState<std::int64_t> auctions_;
};

/// An auction that is over, and what it brought.
struct Sale {
  std::int64_t auction = 0;
  std::int64_t category = 0;
  std::int64_t seller = 0;
  std::int64_t price = 0;
  std::int64_t at = 0;  // when it was over
};

/// The highest bid of an auction, between its beginning and its end. A bid waits until its time has come: by
/// then the auction is known, if there is one.
class Sales {
  struct Open {
    std::optional<Auction> auction;
    std::vector<std::pair<std::int64_t, std::int64_t>> bids;  // time and price, of those that wait
    std::optional<std::int64_t> highest;
  };

public:
  void open(OperatorContext& context) {
    open_ = context.keyed_state().state(weir::value_state<Open>("open"));
  }
  void process(const Event& event, KeyedContext<std::int64_t>& context, Out<Sale>&) {
    open_.update([&](Open& open) {
      if (event.auction) open.auction = event.auction;
      else open.bids.emplace_back(event.bid->at, event.bid->price);
    });
    context.timers().add_event_time(event.auction ? event.auction->expires : event.bid->at);
  }
  void on_timer(std::int64_t now, TimerContext<std::int64_t>&, Out<Sale>& out) {
    open_.update([&](Open& open) {
      if (open.auction) take_bids(open, now);
      std::erase_if(open.bids, [&](const auto& bid) { return bid.first <= now; });
      if (!open.auction || open.auction->expires > now) return;
      const Auction& over = *open.auction;
      if (open.highest) out({over.id, over.category, over.seller, *open.highest, over.expires});
      open.auction.reset();
      open.highest.reset();
    });
    if (const Open* open = open_.get(); !open->auction && open->bids.empty()) open_.clear();
  }

private:
  static void take_bids(Open& open, std::int64_t now) {
    for (const auto& [at, price] : open.bids)
      if (at >= open.auction->at && at <= std::min(now, open.auction->expires))
        open.highest = std::max(open.highest.value_or(price), price);
  }

  ValueState<Open> open_;
};

weir::OperatorStream<Sale> sales_of(Events events) {
  return events.filter([](const Event& event) { return !event.person; })
      .key_by([](const Event& event) { return event.auction ? event.auction->id : event.bid->auction; })
      .process(Sales{});
}

/// The mean of a seller's last ten sales, in the order of their ends. A sale waits until time has come there.
class LastTen {
  struct Kept {
    std::vector<Sale> waiting;
    std::vector<std::int64_t> prices;  // the latest last
  };

public:
  void open(OperatorContext& context) {
    kept_ = context.keyed_state().state(weir::value_state<Kept>("sales"));
  }
  void process(const Sale& sale, KeyedContext<std::int64_t>& context, Out<std::string>&) {
    kept_.update([&](Kept& kept) { kept.waiting.push_back(sale); });
    context.timers().add_event_time(sale.at);
  }
  void on_timer(std::int64_t now, TimerContext<std::int64_t>& context, Out<std::string>& out) {
    kept_.update([&](Kept& kept) {
      std::ranges::sort(kept.waiting, {}, [](const Sale& sale) { return std::pair(sale.at, sale.auction); });
      for (const Sale& sale : kept.waiting) {
        if (sale.at > now) break;
        kept.prices.push_back(sale.price);
        if (kept.prices.size() > 10) kept.prices.erase(kept.prices.begin());
        const auto sum = std::accumulate(kept.prices.begin(), kept.prices.end(), std::int64_t{0});
        out(line(context.key(), sum / static_cast<std::int64_t>(kept.prices.size()), sale.at));
      }
      std::erase_if(kept.waiting, [&](const Sale& sale) { return sale.at <= now; });
    });
  }

private:
  ValueState<Kept> kept_;
};

/// An auction, and the bids for those that have not been opened yet.
class BidsWithAuctions {
public:
  void open(OperatorContext& context) {
    auction_ = context.keyed_state().state(weir::value_state<Auction>("auction"));
    bids_ = context.keyed_state().state(weir::list_state<Bid>("bids"));
  }
  void process(const Event& event, KeyedContext<std::int64_t>&, Out<std::string>& out) {
    if (event.auction) {
      auction_.set(*event.auction);
      for (const Bid& bid : bids_.get()) tell(bid, *event.auction, out);
      bids_.clear();
    } else if (const Auction* auction = auction_.get()) {
      tell(*event.bid, *auction, out);
    } else {
      bids_.add(*event.bid);
    }
  }

private:
  static void tell(const Bid& bid, const Auction& auction, Out<std::string>& out) {
    if (auction.category == 10)
      out(line(bid, auction.item, auction.description, auction.first_bid, auction.reserve, auction.at,
               auction.expires, auction.seller, auction.category));
  }

  ValueState<Auction> auction_;
  weir::ListState<Bid> bids_;
};

struct Average {
  std::int64_t category = 0;
  std::int64_t sum = 0;
  std::int64_t count = 0;
};

}  // namespace

Lines q3(const Events& events) {
  return Events(events)
      .filter([](const Event& event) {
        return event.person || (event.auction && event.auction->category == 10);
      })
      .key_by([](const Event& event) { return event.person ? event.person->id : event.auction->seller; })
      .process(LocalSellers{})
      .uid("q3");
}

Lines q4(const Events& events) {
  return sales_of(events)
      .uid("q4-sales")
      .map([](const Sale& sale) { return Average{sale.category, sale.price, 1}; })
      .key_by(&Average::category)
      .reduce([](const Average& a, const Average& b) {
        return Average{a.category, a.sum + b.sum, a.count + b.count};
      }, weir::Emit::Final)
      .uid("q4-averages")
      .map([](const Average& each) { return line(each.category, each.sum / each.count); });
}

Lines q6(const Events& events) {
  return sales_of(events).uid("q6-sales").key_by(&Sale::seller).process(LastTen{}).uid("q6");
}

Lines q20(const Events& events) {
  return Events(events)
      .filter([](const Event& event) { return !event.person; })
      .key_by([](const Event& event) { return event.auction ? event.auction->id : event.bid->auction; })
      .process(BidsWithAuctions{})
      .uid("q20");
}

}  // namespace nexmark
