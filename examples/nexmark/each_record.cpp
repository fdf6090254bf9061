// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "examples/nexmark/queries.h"
#include "examples/nexmark/streams.h"

namespace nexmark {

namespace {

/// A table from elsewhere. Each subtask reads it once, before its first record.
class Lookup {
public:
  void open(weir::RuntimeContext&) {
    for (int key = 0; key < 10'000; ++key) table_.push_back("value-" + std::to_string(key * 7 % 10'000));
  }
  std::string operator()(const Bid& bid) const {
    return line(bid, table_[static_cast<std::size_t>(bid.auction) % table_.size()]);
  }

private:
  std::vector<std::string> table_;
};

std::string_view time_of_day(std::int64_t at) {
  const std::int64_t hour = at % kDayMs / 3'600'000;
  if (hour >= 8 && hour <= 18) return "day";
  return hour <= 6 || hour >= 20 ? "night" : "otherwise";
}

/// The text between the `index`-th slash of the URL and the next one.
std::string_view directory(std::string_view url, int index) {
  for (; index > 0; --index) url.remove_prefix(std::min(url.find('/'), url.size() - 1) + 1);
  return url.substr(0, url.find('/'));
}

}  // namespace

Lines q0(const Events& events) {
  return bids_of(events).map([](const Bid& bid) { return line(bid, bid.extra); });
}

Lines q1(const Events& events) {
  return bids_of(events).map([](Bid bid) {
    bid.price = bid.price * 908 / 1000;
    return line(bid, bid.extra);
  });
}

Lines q2(const Events& events) {
  return bids_of(events)
      .filter([](const Bid& bid) { return bid.auction % 123 == 0; })
      .map([](const Bid& bid) { return line(bid.auction, bid.price); });
}

Lines q13(const Events& events) { return bids_of(events).map(Lookup{}); }

Lines q14(const Events& events) {
  return bids_of(events)
      .map([](Bid bid) {
        bid.price = bid.price * 908 / 1000;
        return bid;
      })
      .filter([](const Bid& bid) { return bid.price > 1'000'000 && bid.price < 50'000'000; })
      .map([](const Bid& bid) {
        return line(bid, time_of_day(bid.at), bid.extra, std::ranges::count(bid.extra, 'c'));
      });
}

Lines q22(const Events& events) {
  return bids_of(events).map([](const Bid& bid) {
    return line(bid.auction, bid.bidder, bid.price, bid.channel, directory(bid.url, 3), directory(bid.url, 4),
                directory(bid.url, 5));
  });
}

}  // namespace nexmark
