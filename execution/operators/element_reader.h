// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "execution/operators/input.h"
#include "execution/operators/stream_element.h"
#include "memory/serializers_std.h"

namespace weir {

/// Turns the bytes of a buffer into calls of a chain's head. One virtual call a buffer; the loop itself is typed.
///
/// Threads: the task's. Errors: throws std::runtime_error if the bytes are no records of its type.
class ElementReader {
public:
  virtual ~ElementReader() = default;

  /// Processes the records from `at` on and returns where it stopped: at `end`, before an element that is no record,
  /// or between two records once `attention` is not zero. Adds the number of records to `record_count`.
  virtual const std::byte* read_records(const std::byte* at, const std::byte* end,
                                        const std::atomic<std::uint32_t>& attention,
                                        std::uint64_t& record_count) = 0;
};

/// The reader of records of T into a head whose class is known here, so that the head's process() can be inlined.
template <Record T, class Head>
class RecordReader final : public ElementReader {
public:
  explicit RecordReader(Head& head) : head_(head) {}

  const std::byte* read_records(const std::byte* at, const std::byte* end, const std::atomic<std::uint32_t>& attention,
                                std::uint64_t& record_count) override {
    while (at != end && attention.load(std::memory_order_relaxed) == 0) {
      EventTime time;
      const std::byte* value_at = read_record_header(time, at, end);
      if (value_at == nullptr) return at;
      at = Serializer<T>::read(value_, value_at, end);
      if (at == nullptr) throw std::runtime_error("a record could not be read: its bytes are no " + schema_of<T>());
      head_.Head::process(value_, time);
      ++record_count;
    }
    return at;
  }

private:
  Head& head_;  // outlives this
  T value_{};   // reused, so that strings keep their memory
};

}  // namespace weir
