// SPDX-License-Identifier: Apache-2.0
#include "examples/nexmark/generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace nexmark {

namespace {

// Of each 50 events.
constexpr std::uint64_t kPersons = 1;
constexpr std::uint64_t kAuctions = 3;
constexpr std::uint64_t kOfAll = 50;

constexpr std::int64_t kFirstId = 1000;
constexpr std::uint64_t kFirstCategory = 10;
constexpr std::uint64_t kCategories = 5;
constexpr std::uint64_t kActivePersons = 1000;    // the latest, who bid and sell
constexpr std::uint64_t kAuctionsInFlight = 100;  // the latest, which are bid for
constexpr std::uint64_t kHotEvery = 100;          // one person and one auction of so many is asked for most

constexpr std::array<std::string_view, 6> kStates = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, 10> kCities = {"Phoenix", "Los Angeles", "San Francisco", "Boise",
                                                      "Portland", "Bend",       "Redmond",       "Seattle",
                                                      "Kent",     "Cheyenne"};
constexpr std::array<std::string_view, 11> kFirstNames = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> kLastNames = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                                        "Walton", "Smith",  "Jones",   "Noris"};
constexpr std::array<std::string_view, 4> kHotChannels = {"Google", "Facebook", "Baidu", "Apple"};

// How many there are among the events up to and with this one.
std::uint64_t persons_until(std::uint64_t number) { return number / kOfAll * kPersons + kPersons; }
std::uint64_t auctions_until(std::uint64_t number) {
  const std::uint64_t in_fifty = number % kOfAll;
  const std::uint64_t begun = in_fifty < kPersons ? 0 : std::min(in_fifty - kPersons + 1, kAuctions);
  return number / kOfAll * kAuctions + begun;
}

}  // namespace

/// Random numbers that belong to one event.
class Generator::Draws {
public:
  Draws(std::uint64_t seed, std::uint64_t number) : state_(mixed(seed) ^ mixed(number * 2 + 1)) {}

  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  template <class Names>
  std::string one_of(const Names& names) {
    return std::string(names[below(names.size())]);
  }
  std::string letters(std::uint64_t most) {
    std::string text(below(most + 1), ' ');
    for (char& letter : text) letter = static_cast<char>('a' + below(26));
    return text;
  }
  std::string digits(std::size_t count) {
    std::string text(count, ' ');
    for (char& digit : text) digit = static_cast<char>('0' + below(10));
    return text;
  }
  /// One of the latest `active` of `all`; in `hot` of four cases the one that everybody wants.
  std::int64_t id(std::uint64_t all, std::uint64_t active, std::uint64_t hot) {
    if (below(4) < hot) return kFirstId + static_cast<std::int64_t>((all - 1) / kHotEvery * kHotEvery);
    return kFirstId + static_cast<std::int64_t>(all - 1 - below(std::min(all, active)));
  }
  /// From 1 to 1,000,000 in whole units, small ones more often.
  std::int64_t price() { return static_cast<std::int64_t>(std::pow(10.0, fraction() * 6) * 100.0); }

private:
  static std::uint64_t mixed(std::uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }
  std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15); }

  std::uint64_t state_;
};

Event Generator::event(std::uint64_t number) const {
  Draws draws(options_.seed, number);
  Event event;
  const std::uint64_t in_fifty = number % kOfAll;
  if (in_fifty < kPersons) event.at = event.person.emplace(person(number, draws)).at;
  else if (in_fifty < kPersons + kAuctions) event.at = event.auction.emplace(auction(number, draws)).at;
  else event.at = event.bid.emplace(bid(number, draws)).at;
  return event;
}

std::int64_t Generator::time_of(std::uint64_t number, Draws& draws) const {
  const std::int64_t due = static_cast<std::int64_t>(number) * 1000 / options_.events_per_second;
  const auto late = static_cast<std::int64_t>(
      draws.below(static_cast<std::uint64_t>(options_.disorder.count()) + 1));
  return options_.start + due - late;
}

Person Generator::person(std::uint64_t number, Draws& draws) const {
  Person person;
  person.id = kFirstId + static_cast<std::int64_t>(persons_until(number) - 1);
  person.at = time_of(number, draws);
  person.name = draws.one_of(kFirstNames) + " " + draws.one_of(kLastNames);
  person.email = draws.letters(7) + "@" + draws.letters(5) + ".com";
  person.credit_card = draws.digits(16);
  person.city = draws.one_of(kCities);
  person.state = draws.one_of(kStates);
  return person;
}

Auction Generator::auction(std::uint64_t number, Draws& draws) const {
  Auction auction;
  auction.id = kFirstId + static_cast<std::int64_t>(auctions_until(number) - 1);
  auction.at = time_of(number, draws);
  // About as long as others are bid for: kAuctionsInFlight * kOfAll / kAuctions events.
  const auto usual = kAuctionsInFlight * kOfAll / kAuctions * 1000 /
                     static_cast<std::uint64_t>(options_.events_per_second);
  auction.expires = auction.at + 1 + static_cast<std::int64_t>(draws.below(2 * usual + 1));
  auction.item = draws.letters(20);
  auction.description = draws.letters(100);
  auction.first_bid = draws.price();
  auction.reserve = auction.first_bid + draws.price();
  auction.seller = draws.id(persons_until(number), kActivePersons, /*hot=*/3);
  auction.category = static_cast<std::int64_t>(kFirstCategory + draws.below(kCategories));
  return auction;
}

Bid Generator::bid(std::uint64_t number, Draws& draws) const {
  Bid bid;
  bid.at = time_of(number, draws);
  bid.auction = draws.id(auctions_until(number), kAuctionsInFlight, /*hot=*/2);
  bid.bidder = draws.id(persons_until(number), kActivePersons, /*hot=*/3);
  bid.price = draws.price();
  bid.channel = draws.below(2) == 0 ? draws.one_of(kHotChannels)
                                    : "channel-" + std::to_string(draws.below(10'000));
  bid.url = "https://www.nexmark.com/" + draws.letters(5) + "/" + draws.letters(5) + "/" + draws.letters(5) +
            "/item.htm?query=1";
  bid.extra = draws.letters(60);
  return bid;
}

}  // namespace nexmark
