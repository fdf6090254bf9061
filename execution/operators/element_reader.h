// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "execution/operators/input.h"
#include "execution/operators/stream_element.h"
#include "memory/serializers_std.h"

namespace weir {

/// Turns the bytes of a buffer into calls of a chain's head. One virtual call a buffer; the loop itself is
/// typed.
///
/// Threads: the task's. Errors: throws std::runtime_error if the bytes are no records of its type.
class ElementReader {
public:
  virtual ~ElementReader() = default;

  /// Processes the records from `at` on and returns where it stopped: at `end`, before an element that is no
  /// record, or between two records once `attention` is not zero. Adds the number of records to
  /// `record_count`.
  virtual const std::byte* read_records(const std::byte* at, const std::byte* end,
                                        const std::atomic<std::uint32_t>& attention,
                                        std::uint64_t& record_count) = 0;
};

namespace detail {

template <Record T>
[[noreturn, gnu::cold, gnu::noinline]] void refuse_bytes() {
  throw std::runtime_error("a record could not be read: its bytes are no " + schema_of<T>());
}

/// Inlined by force: it is called once a record, and g++ takes it for large because of what it throws.
template <Record T>
[[gnu::always_inline]] inline const std::byte* read_value(T& value, const std::byte* at,
                                                          const std::byte* end) {
  at = Serializer<T>::read(value, at, end);
  if (at == nullptr) [[unlikely]] refuse_bytes<T>();
  return at;
}

}  // namespace detail

namespace detail {

template <class Head, class T>
[[gnu::always_inline]] inline decltype(auto) prepare(Head& head, const T& value, EventTime time) {
  if constexpr (requires { head.prepare(value, time); }) return head.prepare(value, time);
  else return head.prepare(value);
}

}  // namespace detail

/// A head that can look ahead: it is shown several records before it gets them, so that it fetches their
/// state from memory while it works on those before. No watermark comes between these.
template <class Head, class T>
concept LooksAhead = requires(Head& head, const T& value, EventTime time) {
  requires requires { head.prepare(value); } || requires { head.prepare(value, time); };
  head.process(value, time, detail::prepare(head, value, time));
};

/// The reader of records of T into a head whose class is known here, so that the head's process() can be
/// inlined.
template <Record T, class Head>
class RecordReader final : public ElementReader {
public:
  explicit RecordReader(Head& head) : head_(head) {}

  const std::byte* read_records(const std::byte* at, const std::byte* end,
                                const std::atomic<std::uint32_t>& attention,
                                std::uint64_t& record_count) override {
    while (at != end && attention.load(std::memory_order_relaxed) == 0) {
      EventTime time;
      const std::byte* value_at = read_record_header(time, at, end);
      if (value_at == nullptr) return at;
      at = detail::read_value(value_, value_at, end);
      head_.Head::process(value_, time);
      ++record_count;
    }
    return at;
  }

private:
  Head& head_;  // outlives this
  T value_{};   // reused, so that strings keep their memory
};

/// The same for a head that looks ahead: records are read a handful at a time.
template <Record T, LooksAhead<T> Head>
class RecordReader<T, Head> final : public ElementReader {
public:
  explicit RecordReader(Head& head) : head_(head) {}

  const std::byte* read_records(const std::byte* at, const std::byte* end,
                                const std::atomic<std::uint32_t>& attention,
                                std::uint64_t& record_count) override {
    while (at != end && attention.load(std::memory_order_relaxed) == 0) {
      std::size_t count = 0;
      for (; count < kAhead && at != end; ++count) {
        Ahead& each = ahead_[count];
        const std::byte* value_at = read_record_header(each.time, at, end);
        if (value_at == nullptr) break;
        at = detail::read_value(each.value, value_at, end);
        each.prepared = detail::prepare(head_, each.value, each.time);
      }
      for (std::size_t i = 0; i < count; ++i)
        head_.process(ahead_[i].value, ahead_[i].time, ahead_[i].prepared);
      record_count += count;
      if (count < kAhead) return at;
    }
    return at;
  }

private:
  static constexpr std::size_t kAhead = 16;

  struct Ahead {
    T value{};  // reused, so that strings keep their memory
    EventTime time;
    decltype(detail::prepare(std::declval<Head&>(), std::declval<const T&>(), EventTime{})) prepared{};
  };

  Head& head_;  // outlives this
  std::array<Ahead, kAhead> ahead_;
};

}  // namespace weir
