// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/channel_selectors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "execution/operators/operator_factory.h"

using namespace weir;

namespace {

/// Channels of plain memory.
class MemorySink final : public RecordSink {
public:
  explicit MemorySink(std::uint32_t channel_count, std::size_t segment_bytes = 4096)
      : RecordSink(channel_count),
        segment_bytes_(segment_bytes),
        segments_(channel_count),
        large(channel_count) {}

  void write_large(std::uint32_t channel, std::span<const std::byte> element) override {
    large[channel].emplace_back(element.begin(), element.end());
    count_record();
  }

  /// The bytes in the channel's last segment.
  [[nodiscard]] std::span<const std::byte> bytes(std::uint32_t channel) {
    const std::byte* begin = segments_[channel].data();
    return begin == nullptr ? std::span<const std::byte>{} : std::span(begin, place(channel).at);
  }

protected:
  std::byte* make_room(std::uint32_t channel, std::size_t bytes) override {
    if (bytes > segment_bytes_) return nullptr;
    segments_[channel].assign(segment_bytes_ + kSegmentSlackBytes, std::byte{});
    place(channel) = {segments_[channel].data(), segments_[channel].data() + segment_bytes_};
    return segments_[channel].data();
  }
  void flush(std::uint32_t) override {}

private:
  const std::size_t segment_bytes_;
  std::vector<std::vector<std::byte>> segments_;

public:
  std::vector<std::vector<std::vector<std::byte>>> large;
};

template <class T, class Select>
std::vector<std::uint32_t> choices(Select select, const std::vector<T>& values) {
  std::vector<std::uint32_t> all;
  for (const T& value : values) all.push_back(select(value));
  return all;
}

using Channels = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("forward and global write to the first channel") {
  CHECK(choices<int>(FirstChannel{}, {1, 2, 3}) == Channels{0, 0, 0});
}

TEST_CASE("rebalance takes each channel in turn") {
  CHECK(choices<int>(RoundRobin(3), {9, 9, 9, 9, 9, 9, 9}) == Channels{0, 1, 2, 0, 1, 2, 0});
  CHECK(choices<int>(RoundRobin(1), {9, 9}) == Channels{0, 0});
}

TEST_CASE("shuffle spreads evenly, and differently from each producer") {
  constexpr int kRecords = 60'000;
  RandomChannel one(6, 1);
  RandomChannel other(6, 0x5851F42D4C957F2D);  // seeds are parts of random ids
  std::vector<int> counts(6);
  int agreements = 0;
  for (int i = 0; i < kRecords; ++i) {
    const auto channel = one(i);
    REQUIRE(channel < 6);
    ++counts[channel];
    agreements += channel == other(i);
  }
  for (const int count : counts) CHECK(std::abs(count - kRecords / 6) < 6 * 92);  // six deviations
  CHECK(std::abs(agreements - kRecords / 6) < 6 * 92);
}

TEST_CASE("hash sends a key to the owner of its key group, from every producer") {
  for (const std::uint32_t consumers : {1u, 2u, 3u, 7u, 128u}) {
    KeyGroupChannel<std::string, std::identity> owned(std::identity{}, consumers, 128);
    KeyGroupChannel<std::string_view, std::identity> borrowed(std::identity{}, consumers, 128);
    for (int i = 0; i < 1000; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto group = key_group_of(KeyHash<std::string>::hash(key), 128);
      const auto expected = owner_of(group, consumers, 128);
      REQUIRE(owned(key) == expected);
      REQUIRE(borrowed(key) == expected);
    }
  }
}

TEST_CASE("a custom partitioner is given the key and the number of channels, and is checked") {
  struct Order {
    std::int64_t customer = 0;
  };
  const auto modulo = [](std::int64_t key, std::uint32_t channels) { return key % channels; };
  CustomChannel<Order, decltype(modulo), std::int64_t Order::*> select(modulo, &Order::customer, 4);
  CHECK(choices<Order>(select, {{0}, {1}, {5}, {7}}) == Channels{0, 1, 1, 3});
  CHECK_THROWS_WITH_AS(select(Order{-3}), "the custom partitioner chose channel -3 of 4", std::out_of_range);

  const auto beyond = [](std::int64_t, std::uint32_t channels) { return channels; };
  CustomChannel<Order, decltype(beyond), std::int64_t Order::*> wrong(beyond, &Order::customer, 4);
  CHECK_THROWS_WITH_AS(wrong(Order{1}), "the custom partitioner chose channel 4 of 4", std::out_of_range);
}

TEST_CASE("a record stands in its channel behind a tag, and behind its time if it has one") {
  MemorySink sink(2);
  RecordOutput<std::uint16_t, RoundRobin> output(sink, RoundRobin(2));
  output.process(0x0201, EventTime::none());
  output.process(0x0403, EventTime{5});
  const std::byte plain[] = {std::byte{1}, std::byte{1}, std::byte{2}};
  const std::byte timed[] = {std::byte{0}, std::byte{5}, {}, {},           {},          {},
                             {},           {},           {}, std::byte{3}, std::byte{4}};
  CHECK(std::ranges::equal(sink.bytes(0), plain));
  CHECK(std::ranges::equal(sink.bytes(1), timed));
  CHECK(sink.record_count() == 2);
}

TEST_CASE("a record that no segment holds goes the way of large elements, and only that") {
  MemorySink sink(1, 64);
  RecordOutput<std::string, FirstChannel> output(sink, {});
  output.process(std::string(40, 'a'), EventTime::none());
  CHECK(sink.large[0].empty());
  output.process(std::string(400, 'b'), EventTime{7});
  REQUIRE(sink.large[0].size() == 1);
  CHECK(sink.large[0][0].size() == 1 + 8 + 2 + 400);
  CHECK(sink.record_count() == 2);
}

TEST_CASE("broadcast writes each record to every channel") {
  MemorySink sink(3);
  BroadcastOutput<std::uint8_t> output(sink);
  output.process(7, EventTime::none());
  for (std::uint32_t channel = 0; channel < 3; ++channel) CHECK(sink.bytes(channel).size() == 2);
}

TEST_CASE("each kind of partitioning without a function has its writer") {
  for (const auto kind : {Partitioning::Forward, Partitioning::Global, Partitioning::Rebalance,
                          Partitioning::Rescale, Partitioning::Shuffle, Partitioning::Broadcast}) {
    MemorySink sink(2);
    const auto writer = detail::make_plain_writer<std::uint8_t>(kind, sink, 1);
    auto& input = static_cast<Input<std::uint8_t>&>(*writer);
    for (int i = 0; i < 64; ++i) input.process(1, EventTime::none());
    const std::size_t first = sink.bytes(0).size() / 2;
    const std::size_t second = sink.bytes(1).size() / 2;
    CAPTURE(name_of(kind));
    switch (kind) {
      case Partitioning::Forward:
      case Partitioning::Global: CHECK((first == 64 && second == 0)); break;
      case Partitioning::Rebalance:
      case Partitioning::Rescale: CHECK((first == 32 && second == 32)); break;
      case Partitioning::Broadcast: CHECK((first == 64 && second == 64)); break;
      default: CHECK((first + second == 64 && first > 0 && second > 0)); break;
    }
  }
}
