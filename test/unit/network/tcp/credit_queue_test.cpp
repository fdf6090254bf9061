// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/credit_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace weir;

namespace {

constexpr std::uint32_t kMost = 1000;

/// Channels with things to send, b for a buffer and e for an event, on a link that is always free.
class Sender {
public:
  explicit Sender(const std::vector<std::uint32_t>& credits) : waiting_(credits.size()) {
    for (std::uint32_t i = 0; i < credits.size(); ++i) queue_.add(i, credits[i]);
  }

  void offer(std::uint32_t channel, const std::string& things) {
    const bool was_empty = waiting_[channel].empty();
    waiting_[channel] += things;
    if (was_empty) queue_.on_data(channel);
  }
  void grant(std::uint32_t channel, std::uint32_t credit) { CHECK(queue_.on_credit(channel, credit, kMost)); }
  void cancel(std::uint32_t channel) {
    queue_.remove(channel);
    waiting_[channel].clear();
  }
  CreditQueue& queue() { return queue_; }

  /// What goes out now, as "0b 1e 0b".
  std::string send(std::size_t most = 1000) {
    std::string sent;
    for (std::size_t i = 0; i < most; ++i) {
      const auto turn = queue_.next();
      if (!turn) break;
      sent += take_turn(*turn);
    }
    if (!sent.empty()) sent.pop_back();
    return sent;
  }

private:
  std::string take_turn(const CreditQueue::Turn& turn) {
    auto& waiting = waiting_[turn.channel];
    if (waiting.empty()) {
      queue_.on_turn_over(turn.channel, CreditQueue::Outcome::Empty, false);
      return "";
    }
    const char first = waiting.front();
    if (first == 'b' && !turn.may_send_buffer) {
      queue_.on_turn_over(turn.channel, CreditQueue::Outcome::NeedsCredit, true);
      return "";
    }
    waiting.erase(0, 1);
    queue_.on_turn_over(
        turn.channel, first == 'b' ? CreditQueue::Outcome::SentBuffer : CreditQueue::Outcome::SentEvent,
        !waiting.empty());
    return std::to_string(turn.channel) + first + ' ';
  }

  CreditQueue queue_;
  std::vector<std::string> waiting_;
};

}  // namespace

TEST_CASE("channels take turns, one thing each") {
  struct Row {
    std::string name;
    std::vector<std::uint32_t> credits;
    std::vector<std::string> offered;
    std::string sent;
  };
  const std::vector<Row> table{
      {"nothing to send", {5, 5}, {"", ""}, ""},
      {"one channel", {5}, {"bbb"}, "0b 0b 0b"},
      {"two channels", {5, 5}, {"bbb", "bbb"}, "0b 1b 0b 1b 0b 1b"},
      {"one has less", {5, 5}, {"b", "bbb"}, "0b 1b 1b 1b"},
      {"credit runs out", {2, 5}, {"bbb", "bbb"}, "0b 1b 0b 1b 1b"},
      {"no credit at all", {0, 5}, {"bbb", "bbb"}, "1b 1b 1b"},
      {"events need none", {0, 0}, {"ee", "e"}, "0e 1e 0e"},
      {"an event behind a buffer waits for it", {0, 1}, {"be", "be"}, "1b 1e"},
      {"events and buffers", {1, 1}, {"ebeb", "bbe"}, "0e 1b 0b 0e"},
      {"three", {3, 1, 3}, {"bb", "bb", "bb"}, "0b 1b 2b 0b 2b"},
  };
  for (const auto& row : table) {
    CAPTURE(row.name);
    Sender sender(row.credits);
    for (std::uint32_t i = 0; i < row.offered.size(); ++i) {
      if (!row.offered[i].empty()) sender.offer(i, row.offered[i]);
    }
    CHECK(sender.send() == row.sent);
  }
}

TEST_CASE("a channel without credit goes on where it stopped when it gets some") {
  Sender sender({1, 9});
  sender.offer(0, "bbb");
  sender.offer(1, "bb");
  CHECK(sender.send() == "0b 1b 1b");
  CHECK(sender.send() == "");
  sender.grant(0, 1);
  CHECK(sender.send() == "0b");
  sender.grant(0, 5);
  CHECK(sender.send() == "0b");
  CHECK(sender.queue().credit(0) == 4);
}

TEST_CASE("whoever comes to have something goes to the end") {
  Sender sender({9, 9, 9});
  sender.offer(0, "bbb");
  sender.offer(1, "bbb");
  CHECK(sender.send(1) == "0b");
  sender.offer(2, "b");
  CHECK(sender.send() == "1b 0b 2b 1b 0b 1b");
}

TEST_CASE("credit for nothing is kept, credit without end is refused") {
  Sender sender({0});
  sender.grant(0, kMost);
  CHECK(sender.send() == "");
  CHECK_FALSE(sender.queue().on_credit(0, 1, kMost));
  sender.offer(0, "b");
  CHECK(sender.send() == "0b");
  CHECK(sender.queue().on_credit(0, 1, kMost));
}

TEST_CASE("a removed channel sends nothing, and whoever gets its number starts anew") {
  Sender sender({9, 9});
  sender.offer(0, "bb");
  sender.offer(1, "bb");
  sender.cancel(0);
  CHECK(sender.send(1) == "1b");
  sender.queue().add(0, 1);
  sender.offer(0, "bb");
  CHECK(sender.send() == "1b 0b");
  sender.queue().on_data(1);
  sender.cancel(1);
  sender.queue().on_data(1);  // told too late
  CHECK(sender.send() == "");
}

TEST_CASE("no channel waits for more than one thing of each other, and all that has credit is sent") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    const auto channels = static_cast<std::uint32_t>(1 + random() % 8);
    Sender sender(std::vector<std::uint32_t>(channels, kMost));
    std::string expected;
    std::vector<std::size_t> left(channels);
    for (std::uint32_t i = 0; i < channels; ++i) {
      left[i] = 1 + random() % 20;
      sender.offer(i, std::string(left[i], random() % 2 == 0 ? 'b' : 'e'));
    }
    std::map<char, int> since;  // turns of each channel since the last of another
    std::size_t total = 0;
    for (auto sent = sender.send(1); !sent.empty(); sent = sender.send(1)) {
      const auto channel = static_cast<std::uint32_t>(sent[0] - '0');
      --left[channel];
      ++total;
      since[sent[0]] = 0;
      for (std::uint32_t other = 0; other < channels; ++other) {
        const char name = static_cast<char>('0' + other);
        if (other != channel && left[other] > 0) CHECK(++since[name] < static_cast<int>(channels));
      }
    }
    CHECK(std::all_of(left.begin(), left.end(), [](std::size_t n) { return n == 0; }));
    CHECK(total > 0);
  }
}
