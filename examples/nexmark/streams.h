// SPDX-License-Identifier: Apache-2.0
// What the queries share: the three streams in one, and lines.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/nexmark/queries.h"

namespace nexmark {

inline weir::OperatorStream<Person> persons_of(Events events) {
  return events.flat_map([](const Event& event, weir::Out<Person>& out) {
    if (event.person) out(*event.person);
  });
}
inline weir::OperatorStream<Auction> auctions_of(Events events) {
  return events.flat_map([](const Event& event, weir::Out<Auction>& out) {
    if (event.auction) out(*event.auction);
  });
}
inline weir::OperatorStream<Bid> bids_of(Events events) {
  return events.flat_map([](const Event& event, weir::Out<Bid>& out) {
    if (event.bid) out(*event.bid);
  });
}

/// Fields with commas between.
class Line {
public:
  Line& add(std::string_view field) {
    if (!text_.empty()) text_ += ',';
    text_ += field;
    return *this;
  }
  Line& add(std::integral auto field) { return add(std::to_string(field)); }
  Line& add(const Bid& bid) {
    return add(bid.auction).add(bid.bidder).add(bid.price).add(bid.channel).add(bid.url).add(bid.at);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

private:
  std::string text_;
};

template <class... Fields>
[[nodiscard]] std::string line(const Fields&... fields) {
  Line line;
  (line.add(fields), ...);
  return line.text();
}

inline constexpr std::int64_t kDayMs = 86'400'000;

/// "2015-07-15", of the day whose number since 1970 this is.
inline std::string date_of_day(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) +
         "-" + two(static_cast<unsigned>(date.day()));
}

}  // namespace nexmark
