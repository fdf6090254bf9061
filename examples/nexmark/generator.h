// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "examples/nexmark/model.h"

namespace nexmark {

/// The events of an auction house, each made of nothing but its number: of any 50 that follow each other one
/// is a person, three are auctions and 46 are bids. Whoever makes some of them, in whatever order, makes the
/// same.
///
/// Unit:    times in ms, prices in cents.
/// Threads: any.
class Generator {
public:
  struct Options {
    std::uint64_t seed = 1;
    std::int64_t events_per_second = 1000;    // of event time
    std::chrono::milliseconds disorder{200};  // how far events may stand behind later ones
    std::int64_t start = 1'436'918'400'000;   // of the first event: 2015-07-15
  };

  explicit Generator(const Options& options) : options_(options) {}

  [[nodiscard]] Event event(std::uint64_t number) const;

private:
  class Draws;

  [[nodiscard]] std::int64_t time_of(std::uint64_t number, Draws& draws) const;
  [[nodiscard]] Person person(std::uint64_t number, Draws& draws) const;
  [[nodiscard]] Auction auction(std::uint64_t number, Draws& draws) const;
  [[nodiscard]] Bid bid(std::uint64_t number, Draws& draws) const;

  Options options_;
};

}  // namespace nexmark
