// SPDX-License-Identifier: Apache-2.0
// What happens at an auction house: people register, open auctions, and bid. The public Nexmark model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nexmark {

struct Person {
  std::int64_t id = 0;
  std::string name;
  std::string email;
  std::string credit_card;
  std::string city;
  std::string state;
  std::int64_t at = 0;  // ms since 1970, as all times here
};

struct Auction {
  std::int64_t id = 0;
  std::string item;
  std::string description;
  std::int64_t first_bid = 0;  // cents, as all prices here
  std::int64_t reserve = 0;
  std::int64_t at = 0;
  std::int64_t expires = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
};

struct Bid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::string channel;
  std::string url;
  std::int64_t at = 0;
  std::string extra;
};

/// One of the three.
struct Event {
  std::int64_t at = 0;
  std::optional<Person> person;
  std::optional<Auction> auction;
  std::optional<Bid> bid;
};

}  // namespace nexmark
