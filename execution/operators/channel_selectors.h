// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/state/key_hash.h"
#include "execution/operators/edge.h"
#include "execution/operators/input.h"
#include "execution/operators/operator.h"
#include "execution/operators/record_sink.h"
#include "execution/operators/stream_element.h"
#include "memory/serializers_std.h"

namespace weir {

namespace detail {

template <Record T>
void write_large_record(RecordSink& sink, std::uint32_t channel, const T& value, EventTime time) {
  std::vector<std::byte> element(kMaxElementHeaderBytes + Serializer<T>::bound(value) + kSegmentSlackBytes);
  std::byte* end = Serializer<T>::write(value, write_record_header(element.data(), time));
  sink.write_large(channel, {element.data(), static_cast<std::size_t>(end - element.data())});
}

/// Serialises a record straight into the channel's segment: one check, no copy in between.
template <Record T>
void write_record(RecordSink& sink, std::uint32_t channel, const T& value, EventTime time) {
  std::byte* at = sink.reserve(channel, kMaxElementHeaderBytes + Serializer<T>::bound(value));
  if (at == nullptr) [[unlikely]] return write_large_record(sink, channel, value, time);
  sink.advance(channel, Serializer<T>::write(value, write_record_header(at, time)));
}

}  // namespace detail

/// What all outgoing edges do with what stands between records: every channel gets it, but latency markers,
/// which go to one channel after the other.
template <Record T>
class EdgeOutput : public Input<T> {
public:
  explicit EdgeOutput(RecordSink& sink) : sink_(sink) {}

  void process_watermark(EventTime watermark) final { sink_.broadcast_element(watermark_bytes(watermark)); }
  void process_status(StreamStatus status) final { sink_.broadcast_element(status_bytes(status)); }
  void process_latency_marker(const LatencyMarker& marker) final {
    sink_.write_element(marked_, latency_marker_bytes(marker));
    marked_ = marked_ + 1 == sink_.channel_count() ? 0 : marked_ + 1;
  }

protected:
  RecordSink& sink_;  // outlives this

private:
  std::uint32_t marked_ = 0;  // the channel of the next marker
};

/// An outgoing edge: chooses a channel for each record and writes it there. `Select` is called with the
/// record and returns the channel's index; it is a type of its own and no virtual call.
template <Record T, class Select>
class RecordOutput final : public EdgeOutput<T> {
public:
  RecordOutput(RecordSink& sink, Select select) : EdgeOutput<T>(sink), select_(std::move(select)) {}

  void process(const T& value, EventTime time) override {
    try {
      detail::write_record(this->sink_, select_(value), value, time);
    } catch (...) {
      rethrow_attributed(this->sink_.producer());
    }
  }

private:
  Select select_;
};

/// An outgoing edge that writes each record to every channel.
template <Record T>
class BroadcastOutput final : public EdgeOutput<T> {
public:
  using EdgeOutput<T>::EdgeOutput;

  void process(const T& value, EventTime time) override {
    try {
      for (std::uint32_t channel = 0; channel < this->sink_.channel_count(); ++channel) {
        detail::write_record(this->sink_, channel, value, time);
      }
    } catch (...) {
      rethrow_attributed(this->sink_.producer());
    }
  }
};

/// Forward and Global: the first channel. (Of a forward edge it is the only one.)
struct FirstChannel {
  template <class T> std::uint32_t operator()(const T&) const { return 0; }
};

/// Rebalance and Rescale: each channel in turn, beginning at the first.
class RoundRobin {
public:
  explicit RoundRobin(std::uint32_t channel_count) : channel_count_(channel_count) {}
  template <class T> std::uint32_t operator()(const T&) {
    const std::uint32_t channel = next_;
    next_ = channel + 1 == channel_count_ ? 0 : channel + 1;
    return channel;
  }

private:
  std::uint32_t channel_count_;
  std::uint32_t next_ = 0;
};

/// Shuffle: uniformly at random, by a generator of one multiplication a record. (Steele and others,
///          SplitMix64)
class RandomChannel {
public:
  RandomChannel(std::uint32_t channel_count, std::uint64_t seed)
      : channel_count_(channel_count), state_(seed) {}
  template <class T> std::uint32_t operator()(const T&) {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    return static_cast<std::uint32_t>((z >> 32) * channel_count_ >> 32);
  }

private:
  std::uint32_t channel_count_;
  std::uint64_t state_;
};

/// Hash: the subtask that owns the key's group. The division of the groups is done once, into a table.
template <class T, class KeyFunction>
class KeyGroupChannel {
public:
  KeyGroupChannel(KeyFunction key, std::uint32_t channel_count, std::uint32_t max_parallelism)
      : key_(std::move(key)), owners_(max_parallelism) {
    for (KeyGroup group = 0; group < max_parallelism; ++group) {
      owners_[group] = static_cast<std::uint16_t>(owner_of(group, channel_count, max_parallelism));
    }
  }

  std::uint32_t operator()(const T& value) {
    const auto& key = std::invoke(key_, value);
    const auto hash = KeyHash<std::remove_cvref_t<decltype(key)>>::hash(key);
    return owners_[key_group_of(hash, static_cast<std::uint32_t>(owners_.size()))];
  }

private:
  KeyFunction key_;
  std::vector<std::uint16_t> owners_;  // by key group
};

/// Custom: the user's function of the key and the number of channels. Its answer is checked.
template <class T, class Function, class KeyFunction>
class CustomChannel {
public:
  CustomChannel(Function function, KeyFunction key, std::uint32_t channel_count)
      : function_(std::move(function)), key_(std::move(key)), channel_count_(channel_count) {}

  std::uint32_t operator()(const T& value) {
    const auto chosen = static_cast<std::int64_t>(function_(std::invoke(key_, value), channel_count_));
    if (chosen < 0 || chosen >= channel_count_) [[unlikely]] {
      throw std::out_of_range("the custom partitioner chose channel " + std::to_string(chosen) + " of " +
                              std::to_string(channel_count_));
    }
    return static_cast<std::uint32_t>(chosen);
  }

private:
  Function function_;
  KeyFunction key_;
  std::uint32_t channel_count_;
};

/// The selector of an edge that partitions by key.
template <Record T, class KeyFunction>
class KeyedEdge final : public EdgeCargo {
public:
  explicit KeyedEdge(KeyFunction key) : key_(std::move(key)) {}

  [[nodiscard]] std::unique_ptr<AnyInput> make_writer(RecordSink& sink,
                                                      std::uint32_t max_parallelism) const override {
    using Select = KeyGroupChannel<T, KeyFunction>;
    return std::make_unique<RecordOutput<T, Select>>(sink,
                                                     Select(key_, sink.channel_count(), max_parallelism));
  }

private:
  const KeyFunction key_;
};

/// The selector of an edge that partitions by a function of the user's.
template <Record T, class Function, class KeyFunction>
class CustomEdge final : public EdgeCargo {
public:
  CustomEdge(Function function, KeyFunction key) : function_(std::move(function)), key_(std::move(key)) {}

  [[nodiscard]] std::unique_ptr<AnyInput> make_writer(RecordSink& sink, std::uint32_t) const override {
    using Select = CustomChannel<T, Function, KeyFunction>;
    return std::make_unique<RecordOutput<T, Select>>(sink, Select(function_, key_, sink.channel_count()));
  }

private:
  const Function function_;
  const KeyFunction key_;
};

}  // namespace weir
