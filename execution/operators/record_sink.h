// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Where typed code puts the bytes of records: one place to write a channel. The task's record writer
/// implements it on a result partition; a benchmark on plain memory.
///
/// Threads: the task's.
/// Errors:  make_room() and write_large() throw when the task is cancelled while they wait for memory.
class RecordSink {
public:
  explicit RecordSink(std::uint32_t channel_count) : places_(channel_count) {}
  virtual ~RecordSink() = default;

  [[nodiscard]] std::uint32_t channel_count() const { return static_cast<std::uint32_t>(places_.size()); }

  /// Room for `bytes` in the channel's segment, or nullptr if they do not fit into any: then write_large() it
  /// is.
  [[nodiscard]] std::byte* reserve(std::uint32_t channel, std::size_t bytes) {
    const Place& place = places_[channel];
    if (static_cast<std::size_t>(place.end - place.at) >= bytes) [[likely]] return place.at;
    return make_room(channel, bytes);
  }

  /// The record that was begun at reserve() ends before `end`.
  void advance(std::uint32_t channel, std::byte* end) {
    places_[channel].at = end;
    ++record_count_;
    if (flush_each_) [[unlikely]] flush(channel);
  }

  /// An element that is no record, to every channel, behind all that was written.
  void broadcast_element(std::span<const std::byte> element) {
    for (std::uint32_t channel = 0; channel < channel_count(); ++channel) write_element(channel, element);
  }
  /// The same to one channel.
  void write_element(std::uint32_t channel, std::span<const std::byte> element) {
    std::byte* at = reserve(channel, element.size());
    std::memcpy(at, element.data(), element.size());
    places_[channel].at = at + element.size();
    if (flush_each_) flush(channel);
  }

  /// An element of any length, in pieces.
  virtual void write_large(std::uint32_t channel, std::span<const std::byte> element) = 0;

  [[nodiscard]] std::uint64_t record_count() const { return record_count_; }

  /// The operator whose results come here: what goes wrong with writing them is laid to its charge.
  [[nodiscard]] const std::string& producer() const { return producer_; }
  void set_producer(std::string operator_name) { producer_ = std::move(operator_name); }

protected:
  struct Place {
    std::byte* at = nullptr;
    std::byte* end = nullptr;
  };

  /// A fresh segment for the channel. nullptr if a whole one has less than `bytes`.
  virtual std::byte* make_room(std::uint32_t channel, std::size_t bytes) = 0;
  virtual void flush(std::uint32_t channel) = 0;

  [[nodiscard]] Place& place(std::uint32_t channel) { return places_[channel]; }
  void flush_after_each_record(bool on) { flush_each_ = on; }
  void count_record() { ++record_count_; }

private:
  std::vector<Place> places_;
  std::string producer_;
  std::uint64_t record_count_ = 0;
  bool flush_each_ = false;
};

}  // namespace weir
