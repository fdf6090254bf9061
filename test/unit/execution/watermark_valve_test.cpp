// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/watermark_valve.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "test/support/random_value.h"

using namespace weir;
using Outcome = WatermarkValve::Outcome;

namespace {

constexpr StreamStatus kIdle = StreamStatus::Idle;
constexpr StreamStatus kActive = StreamStatus::Active;

/// What one channel says.
struct Step {
  enum class Kind : std::uint8_t { Watermark, Status, End };
  std::uint32_t channel = 0;
  Kind kind = Kind::End;
  std::int64_t millis = 0;
  StreamStatus status = kActive;
};

Step at(std::uint32_t channel, std::int64_t millis) { return {channel, Step::Kind::Watermark, millis}; }
Step at_the_end(std::uint32_t channel) { return at(channel, EventTime::max().millis); }
Step idle(std::uint32_t channel) { return {channel, Step::Kind::Status, 0, kIdle}; }
Step active(std::uint32_t channel) { return {channel, Step::Kind::Status, 0, kActive}; }
Step end(std::uint32_t channel) { return {channel, Step::Kind::End}; }

template <class Valve>
Outcome take(Valve& valve, const Step& step) {
  switch (step.kind) {
    case Step::Kind::Watermark: return valve.on_watermark(step.channel, {step.millis});
    case Step::Kind::Status: return valve.on_status(step.channel, step.status);
    case Step::Kind::End: break;
  }
  return valve.on_end(step.channel);
}

std::string told(const Outcome& outcome) {
  std::string text;
  if (outcome.became_active) text += "active ";
  if (outcome.watermark == EventTime::max()) text += "max ";
  else if (!outcome.watermark.is_none()) text += std::to_string(outcome.watermark.millis) + " ";
  if (outcome.became_idle) text += "idle ";
  if (!text.empty()) text.pop_back();
  return text;
}

/// What a valve of so many channels tells after each step; "" when nothing is new.
std::vector<std::string> told(std::uint32_t channels, const std::vector<Step>& steps) {
  WatermarkValve valve;
  valve.add_channels(channels);
  std::vector<std::string> all;
  for (const Step& step : steps) all.push_back(told(take(valve, step)));
  return all;
}

using Told = std::vector<std::string>;

/// The rules as one would tell them, each time from the beginning.
class SlowValve {
public:
  explicit SlowValve(std::uint32_t channels) : channels_(channels) {}

  Outcome on_watermark(std::uint32_t channel, EventTime watermark) {
    Channel& here = channels_[channel];
    if (here.idle || here.ended || here.last >= watermark) return {};
    here.last = watermark;
    if (watermark == EventTime::max()) here.ended = true;
    return compare();
  }
  Outcome on_status(std::uint32_t channel, StreamStatus status) {
    Channel& here = channels_[channel];
    if (here.ended) return {};
    if (here.idle && status == kActive) here.behind = true;
    here.idle = status == kIdle;
    return compare();
  }
  Outcome on_end(std::uint32_t channel) {
    channels_[channel].ended = true;
    return compare();
  }

private:
  struct Channel {
    EventTime last = EventTime::none();
    bool idle = false;
    bool ended = false;
    bool behind = false;
  };

  Outcome compare() {
    std::vector<EventTime> counting;
    std::vector<EventTime> all_known;
    bool anybody_speaks = false;
    bool all_at_max = true;
    for (Channel& each : channels_) {
      if (each.last >= time_) each.behind = false;
      if (each.last != EventTime::max()) {
        all_at_max = false;
        all_known.push_back(each.last);
      }
      if (each.idle || each.ended) continue;
      anybody_speaks = true;
      if (!each.behind) counting.push_back(each.last);
    }
    std::optional<EventTime> now;
    if (all_at_max) now = EventTime::max();
    else if (!anybody_speaks) now = std::ranges::max(all_known);
    else if (!counting.empty()) now = std::ranges::min(counting);

    const bool idle = !anybody_speaks && !all_at_max;
    Outcome outcome{.became_active = idle_ && !idle, .became_idle = !idle_ && idle};
    idle_ = idle;
    if (now && *now > time_) outcome.watermark = time_ = *now;
    return outcome;
  }

  std::vector<Channel> channels_;
  EventTime time_ = EventTime::none();
  bool idle_ = false;
};

}  // namespace

TEST_CASE("one channel says what it says, and never goes back") {
  CHECK(told(1, {at(0, 5), at(0, 5), at(0, 3), at(0, -7), at(0, 6), at_the_end(0), end(0)}) ==
        Told{"5", "", "", "", "6", "max", ""});
  CHECK(told(1, {at(0, -9), at(0, -8)}) == Told{"-9", "-8"});
}

TEST_CASE("of several channels the slowest counts, and all must have spoken") {
  CHECK(told(3, {at(0, 5), at(1, 7), at(2, 1), at(2, 6), at(0, 9), at(2, 9), at(1, 8)}) ==
        Told{"", "", "1", "5", "6", "7", "8"});
}

TEST_CASE("an idle channel holds nobody back") {
  CHECK(told(2, {at(0, 5), idle(1), at(0, 8), at(1, 100), at(0, 9)}) == Told{"", "5", "8", "", "9"});
  // Who is idle and was ahead does not matter.
  CHECK(told(2, {at(0, 5), at(1, 9), idle(1), at(0, 20)}) == Told{"", "5", "", "20"});
}

TEST_CASE("a channel that comes back counts when it has caught up") {
  CHECK(told(2, {at(0, 5), idle(1), at(0, 8), active(1), at(1, 6), at(0, 9), at(1, 9), at(0, 20),
                 at(1, 15)}) == Told{"", "5", "8", "", "", "9", "", "", "15"});
  // Alone it is waited for until then.
  CHECK(told(2, {at(0, 8), at(1, 8), idle(0), idle(1), active(0), at(0, 9)}) ==
        Told{"", "8", "", "idle", "active", "9"});
  CHECK(told(2, {at(0, 5), at(1, 9), idle(0), idle(1), active(0), at(0, 7), at(0, 10)}) ==
        Told{"", "5", "9", "idle", "active", "", "10"});
}

TEST_CASE("when all have become idle, time is where the latest of them was, in whatever order they did") {
  CHECK(told(2, {at(0, 5), at(1, 9), idle(1), idle(0)}) == Told{"", "5", "", "9 idle"});
  CHECK(told(2, {at(0, 5), at(1, 9), idle(0), idle(1)}) == Told{"", "5", "9", "idle"});
  CHECK(told(2, {idle(0), idle(1), active(1), active(0)}) == Told{"", "idle", "active", ""});
}

TEST_CASE("the end of one channel neither holds back the others nor speaks for them") {
  CHECK(told(2, {at(0, 5), at_the_end(1), end(1), at(0, 7), idle(0), active(0), at(0, 8), at_the_end(0)}) ==
        Told{"", "5", "", "7", "idle", "active", "8", "max"});
  // Without the watermark for it, as of a source that was stopped.
  CHECK(told(2, {at(0, 5), at(1, 1), end(1), at(0, 7), end(0)}) == Told{"", "1", "5", "7", "idle"});
  CHECK(told(2, {at_the_end(0), end(0), idle(1), end(1)}) == Told{"", "", "idle", ""});
}

TEST_CASE("whatever the channels say, the valve tells what the rules say, and time never goes back") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 10'000; ++round) {
    const auto channels = static_cast<std::uint32_t>(1 + random() % 4);
    WatermarkValve valve;
    valve.add_channels(channels);
    SlowValve slow(channels);
    EventTime time = EventTime::none();
    std::string history = std::to_string(channels) + " channels:";
    for (int count = 0; count < 40; ++count) {
      Step step{.channel = static_cast<std::uint32_t>(random() % channels)};
      const auto choice = random() % 20;
      if (choice < 13) step = at(step.channel, static_cast<std::int64_t>(random() % 20) + count);
      else if (choice < 16) step = idle(step.channel);
      else if (choice < 19) step = active(step.channel);
      else if (random() % 2 == 0) step = at_the_end(step.channel);
      const Outcome outcome = take(valve, step);
      history += " " + std::to_string(step.channel) + "/" + std::to_string(static_cast<int>(step.kind)) +
                 "/" + std::to_string(step.millis) + (step.status == kIdle ? "i" : "");
      CAPTURE(history);
      REQUIRE(told(outcome) == told(take(slow, step)));
      if (outcome.watermark.is_none()) continue;
      REQUIRE(outcome.watermark > time);
      time = outcome.watermark;
    }
  }
}
