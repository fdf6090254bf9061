// SPDX-License-Identifier: Apache-2.0
#include "test/nexmark/reference.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

namespace weir::testing {

namespace {

using nexmark::Auction;
using nexmark::Bid;
using nexmark::Event;
using nexmark::Person;
using Events = std::vector<Event>;
using Lines = std::vector<std::string>;
using Number = std::int64_t;

Lines sorted(Lines lines) {
  std::ranges::sort(lines);
  return lines;
}

template <class First, class... Rest>
std::string row(const First& first, const Rest&... rest) {
  std::ostringstream text;
  text << first;
  ((text << ',' << rest), ...);
  return text.str();
}
std::string row_of(const Bid& b) { return row(b.auction, b.bidder, b.price, b.channel, b.url, b.at); }

std::vector<Bid> bids_of(const Events& events) {
  std::vector<Bid> bids;
  for (const Event& event : events)
    if (event.bid) bids.push_back(*event.bid);
  return bids;
}
std::vector<Auction> auctions_of(const Events& events) {
  std::vector<Auction> auctions;
  for (const Event& event : events)
    if (event.auction) auctions.push_back(*event.auction);
  return auctions;
}
std::vector<Person> persons_of(const Events& events) {
  std::vector<Person> persons;
  for (const Event& event : events)
    if (event.person) persons.push_back(*event.person);
  return persons;
}

/// A line for each bid, or none if it is empty.
template <class Say>
Lines each_bid(const Events& events, Say say) {
  Lines lines;
  for (const Bid& bid : bids_of(events))
    if (std::string line = say(bid); !line.empty()) lines.push_back(std::move(line));
  return sorted(std::move(lines));
}

std::tm calendar(Number at) {
  const std::time_t seconds = at / 1000;
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  return time;
}
std::string date(Number at) {
  char text[16];
  const std::tm time = calendar(at);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &time)};
}

Lines q0(const Events& events) {
  return each_bid(events, [](const Bid& bid) { return row(row_of(bid), bid.extra); });
}
Lines q1(const Events& events) {
  return each_bid(events, [](const Bid& b) {
    return row(b.auction, b.bidder, b.price * 908 / 1000, b.channel, b.url, b.at, b.extra);
  });
}
Lines q2(const Events& events) {
  return each_bid(events, [](const Bid& b) { return b.auction % 123 == 0 ? row(b.auction, b.price) : ""; });
}

Lines q3(const Events& events) {
  const std::set<std::string> wanted = {"OR", "ID", "CA"};
  std::map<Number, Person> persons;
  for (const Person& person : persons_of(events)) persons[person.id] = person;
  Lines lines;
  for (const Auction& auction : auctions_of(events)) {
    if (auction.category != 10 || !persons.contains(auction.seller)) continue;
    const Person& seller = persons[auction.seller];
    if (wanted.contains(seller.state))
      lines.push_back(row(seller.name, seller.city, seller.state, auction.id));
  }
  return sorted(std::move(lines));
}

/// The highest price of each auction that was bid for in time.
std::map<Number, Number> final_prices(const Events& events) {
  std::map<Number, Auction> auctions;
  for (const Auction& auction : auctions_of(events)) auctions[auction.id] = auction;
  std::map<Number, Number> prices;
  for (const Bid& bid : bids_of(events)) {
    const auto auction = auctions.find(bid.auction);
    if (auction == auctions.end()) continue;
    if (bid.at < auction->second.at || bid.at > auction->second.expires) continue;
    prices[bid.auction] = std::max(prices[bid.auction], bid.price);
  }
  return prices;
}

Lines q4(const Events& events) {
  std::map<Number, std::vector<Number>> by_category;
  const auto prices = final_prices(events);
  for (const Auction& auction : auctions_of(events))
    if (prices.contains(auction.id)) by_category[auction.category].push_back(prices.at(auction.id));
  Lines lines;
  for (const auto& [category, all] : by_category) {
    Number sum = 0;
    for (const Number price : all) sum += price;
    lines.push_back(row(category, sum / static_cast<Number>(all.size())));
  }
  return sorted(std::move(lines));
}

Lines q5(const Events& events) {
  std::map<Number, std::map<Number, Number>> counts;  // by end of the window and auction
  for (const Bid& bid : bids_of(events))
    for (Number end = bid.at / 2000 * 2000 + 2000; end <= bid.at + 10'000; end += 2000)
      ++counts[end][bid.auction];
  Lines lines;
  for (const auto& [end, by_auction] : counts) {
    Number most = 0;
    for (const auto& [auction, count] : by_auction) most = std::max(most, count);
    for (const auto& [auction, count] : by_auction)
      if (count == most) lines.push_back(row(auction, count, end));
  }
  return sorted(std::move(lines));
}

Lines q6(const Events& events) {
  const auto prices = final_prices(events);
  std::map<Number, std::map<std::pair<Number, Number>, Number>> by_seller;  // then by end and auction
  for (const Auction& auction : auctions_of(events))
    if (prices.contains(auction.id))
      by_seller[auction.seller][{auction.expires, auction.id}] = prices.at(auction.id);
  Lines lines;
  for (const auto& [seller, sales] : by_seller) {
    std::vector<Number> all;
    for (const auto& [when, price] : sales) {
      all.push_back(price);
      const std::size_t from = all.size() > 10 ? all.size() - 10 : 0;
      Number sum = 0;
      for (std::size_t i = from; i < all.size(); ++i) sum += all[i];
      lines.push_back(row(seller, sum / static_cast<Number>(all.size() - from), when.first));
    }
  }
  return sorted(std::move(lines));
}

Lines q7(const Events& events) {
  std::map<Number, Number> most;  // by window
  for (const Bid& bid : bids_of(events)) most[bid.at / 10'000] = std::max(most[bid.at / 10'000], bid.price);
  return each_bid(events, [&](const Bid& bid) {
    return bid.price == most[bid.at / 10'000] ? row(row_of(bid), bid.extra) : "";
  });
}

Lines q8(const Events& events) {
  std::set<std::pair<Number, Number>> sold;  // seller and window
  for (const Auction& auction : auctions_of(events)) sold.insert({auction.seller, auction.at / 10'000});
  Lines lines;
  for (const Person& person : persons_of(events))
    if (sold.contains({person.id, person.at / 10'000}))
      lines.push_back(row(person.id, person.name, person.at / 10'000 * 10'000));
  return sorted(std::move(lines));
}

Lines q11(const Events& events) {
  std::map<Number, std::vector<Number>> times;  // by bidder
  for (const Bid& bid : bids_of(events)) times[bid.bidder].push_back(bid.at);
  Lines lines;
  for (auto& [bidder, all] : times) {
    std::ranges::sort(all);
    for (std::size_t first = 0, i = 0; i < all.size(); ++i) {
      if (i + 1 < all.size() && all[i + 1] - all[i] <= 10'000) continue;
      lines.push_back(row(bidder, i + 1 - first, all[first], all[i] + 10'000));
      first = i + 1;
    }
  }
  return sorted(std::move(lines));
}

/// Nobody knows what the wall clock says: how often each bids in all windows together.
Lines q12(const Events& events) {
  std::map<Number, Number> counts;
  for (const Bid& bid : bids_of(events)) ++counts[bid.bidder];
  Lines lines;
  for (const auto& [bidder, count] : counts) lines.push_back(row(bidder, count));
  return sorted(std::move(lines));
}

Lines q13(const Events& events) {
  return each_bid(events, [](const Bid& bid) {
    return row(row_of(bid), "value-" + std::to_string(bid.auction % 10'000 * 7 % 10'000));
  });
}

Lines q14(const Events& events) {
  return each_bid(events, [](const Bid& b) -> std::string {
    const Number price = b.price * 908 / 1000;
    if (price <= 1'000'000 || price >= 50'000'000) return "";
    const int hour = calendar(b.at).tm_hour;
    const char* when = hour >= 8 && hour <= 18 ? "day" : hour <= 6 || hour >= 20 ? "night" : "otherwise";
    Number letters = 0;
    for (const char letter : b.extra) letters += letter == 'c';
    return row(b.auction, b.bidder, price, b.channel, b.url, b.at, when, b.extra, letters);
  });
}

int rank_of(const Bid& bid) { return bid.price < 10'000 ? 1 : bid.price < 1'000'000 ? 2 : 3; }

Lines q15(const Events& events) {
  // By day and rank, where rank 0 is all.
  std::map<std::string, std::map<int, Number>> bids;
  std::map<std::string, std::map<int, std::set<Number>>> bidders;
  std::map<std::string, std::map<int, std::set<Number>>> auctions;
  for (const Bid& bid : bids_of(events)) {
    for (const int rank : {0, rank_of(bid)}) {
      ++bids[date(bid.at)][rank];
      bidders[date(bid.at)][rank].insert(bid.bidder);
      auctions[date(bid.at)][rank].insert(bid.auction);
    }
  }
  Lines lines;
  for (auto& [day, count] : bids) {
    auto& b = bidders[day];
    auto& a = auctions[day];
    lines.push_back(row(day, count[0], count[1], count[2], count[3], b[0].size(), b[1].size(), b[2].size(),
                        b[3].size(), a[0].size(), a[1].size(), a[2].size(), a[3].size()));
  }
  return sorted(std::move(lines));
}

Lines q17(const Events& events) {
  std::map<std::pair<Number, std::string>, std::vector<Bid>> groups;
  for (const Bid& bid : bids_of(events)) groups[{bid.auction, date(bid.at)}].push_back(bid);
  Lines lines;
  for (const auto& [group, bids] : groups) {
    Number ranks[4] = {};
    Number sum = 0;
    std::set<Number> prices;
    for (const Bid& bid : bids) {
      ++ranks[rank_of(bid)];
      sum += bid.price;
      prices.insert(bid.price);
    }
    lines.push_back(row(group.first, group.second, bids.size(), ranks[1], ranks[2], ranks[3], *prices.begin(),
                        *prices.rbegin(), sum / static_cast<Number>(bids.size()), sum));
  }
  return sorted(std::move(lines));
}

Lines q18(const Events& events) {
  std::map<std::pair<Number, Number>, Bid> last;
  const auto order = [](const Bid& b) { return std::tie(b.at, b.price, b.channel, b.url, b.extra); };
  for (const Bid& bid : bids_of(events)) {
    const auto [held, is_new] = last.try_emplace({bid.bidder, bid.auction}, bid);
    if (!is_new && order(held->second) < order(bid)) held->second = bid;
  }
  Lines lines;
  for (const auto& [key, bid] : last) lines.push_back(row(row_of(bid), bid.extra));
  return sorted(std::move(lines));
}

Lines q19(const Events& events) {
  std::map<Number, std::vector<Bid>> by_auction;
  for (const Bid& bid : bids_of(events)) by_auction[bid.auction].push_back(bid);
  Lines lines;
  for (auto& [auction, bids] : by_auction) {
    std::ranges::sort(bids, [](const Bid& a, const Bid& b) {
      if (a.price != b.price) return a.price > b.price;
      return std::tie(a.at, a.channel, a.url, a.extra) < std::tie(b.at, b.channel, b.url, b.extra);
    });
    for (std::size_t i = 0; i < std::min<std::size_t>(bids.size(), 10); ++i)
      lines.push_back(row(row_of(bids[i]), bids[i].extra, i + 1));
  }
  return sorted(std::move(lines));
}

Lines q20(const Events& events) {
  std::map<Number, Auction> auctions;
  for (const Auction& auction : auctions_of(events)) auctions[auction.id] = auction;
  return each_bid(events, [&](const Bid& bid) -> std::string {
    const auto found = auctions.find(bid.auction);
    if (found == auctions.end() || found->second.category != 10) return "";
    const Auction& a = found->second;
    return row(row_of(bid), a.item, a.description, a.first_bid, a.reserve, a.at, a.expires, a.seller,
               a.category);
  });
}

Lines q22(const Events& events) {
  return each_bid(events, [](const Bid& b) {
    std::istringstream url(b.url);
    std::vector<std::string> parts;
    for (std::string part; std::getline(url, part, '/');) parts.push_back(part);
    return row(b.auction, b.bidder, b.price, b.channel, parts[3], parts[4], parts[5]);
  });
}

}  // namespace

const std::map<std::string, NexmarkReference>& nexmark_references() {
  static const std::map<std::string, NexmarkReference> all = {
      {"q0", q0},   {"q1", q1},   {"q2", q2},   {"q3", q3},   {"q4", q4},   {"q5", q5},   {"q6", q6},
      {"q7", q7},   {"q8", q8},   {"q11", q11}, {"q12", q12}, {"q13", q13}, {"q14", q14}, {"q15", q15},
      {"q17", q17}, {"q18", q18}, {"q19", q19}, {"q20", q20}, {"q22", q22},
  };
  return all;
}

}  // namespace weir::testing
