// SPDX-License-Identifier: Apache-2.0
// Any value that has an inspect() as bytes and back, for small files. Numbers are varints (signed ones
// zigzag), text and containers are led by their length, structs are their fields one after the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "memory/data_view.h"

namespace weir {
namespace detail {

class ValueWriter {
public:
  using result_type = void;
  static constexpr bool reads_state = true;
  static constexpr bool writes_state = false;

  explicit ValueWriter(std::string& out) : out_(out) {}

  template <class... Ts>
  void operator()(Ts&... fields) {
    (write(fields), ...);
  }

private:
  void write_number(std::uint64_t value) {
    std::byte bytes[kMaxVarintBytes];
    const std::byte* end = write_varint(bytes, value);
    for (const std::byte* at = bytes; at != end; ++at) out_ += static_cast<char>(*at);
  }
  template <class T>
  void write(T& value) {
    if constexpr (std::is_enum_v<T>) {
      write_number(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
      write_number(value);
    } else if constexpr (std::is_integral_v<T>) {
      const auto wide = static_cast<std::int64_t>(value);
      write_number(static_cast<std::uint64_t>(wide) << 1 ^ static_cast<std::uint64_t>(wide >> 63));
    } else {
      static_assert(!std::is_arithmetic_v<T>, "numbers with fractions are not written");
      inspect(*this, value);
    }
  }
  void write(std::string& text) {
    write_number(text.size());
    out_ += text;
  }
  template <class R, class P>
  void write(std::chrono::duration<R, P>& length) {
    auto count = static_cast<std::int64_t>(length.count());
    write(count);
  }
  template <class C, class D>
  void write(std::chrono::time_point<C, D>& time) {
    auto length = time.time_since_epoch();
    write(length);
  }
  template <class T>
  void write(std::vector<T>& values) {
    write_number(values.size());
    for (T& value : values) write(value);
  }
  template <class K, class V>
  void write(std::map<K, V>& values) {
    write_number(values.size());
    for (auto& [key, value] : values) {
      K copy = key;
      write(copy);
      write(value);
    }
  }

  std::string& out_;
};

/// Reads what ValueWriter wrote, or anything else: then it fails, having made no more room than there were
/// bytes for.
class ValueReader {
public:
  using result_type = void;
  static constexpr bool reads_state = false;
  static constexpr bool writes_state = true;

  explicit ValueReader(std::span<const std::byte> bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <class... Ts>
  void operator()(Ts&... fields) {
    (read(fields), ...);
  }
  /// All bytes were read, and they made sense.
  [[nodiscard]] bool is_done() const { return !has_failed_ && at_ == end_; }

private:
  std::uint64_t read_number() {
    std::uint64_t value = 0;
    const std::byte* next = has_failed_ ? nullptr : read_varint(value, at_, end_);
    if (next == nullptr) {
      has_failed_ = true;
      return 0;
    }
    at_ = next;
    return value;
  }
  /// Of something of which each element has a byte at least.
  std::size_t read_length() {
    const std::uint64_t length = read_number();
    if (length > static_cast<std::uint64_t>(end_ - at_)) has_failed_ = true;
    return has_failed_ ? 0 : static_cast<std::size_t>(length);
  }
  template <class T>
  T narrow(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) has_failed_ = true;
    return has_failed_ ? T{} : static_cast<T>(value);
  }
  template <class T>
  void read(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(narrow<std::underlying_type_t<T>>(read_number()));
    } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
      value = narrow<T>(read_number());
    } else if constexpr (std::is_integral_v<T>) {
      const std::uint64_t zigzag = read_number();
      const auto wide = static_cast<std::int64_t>(zigzag >> 1 ^ (~(zigzag & 1) + 1));
      if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) has_failed_ = true;
      value = has_failed_ ? T{} : static_cast<T>(wide);
    } else {
      inspect(*this, value);
    }
  }
  void read(std::string& text) {
    const std::size_t length = read_length();
    text.resize(length);
    if (length > 0) std::memcpy(text.data(), at_, length);
    at_ += length;
  }
  template <class R, class P>
  void read(std::chrono::duration<R, P>& length) {
    std::int64_t count = 0;
    read(count);
    length = std::chrono::duration<R, P>(count);
  }
  template <class C, class D>
  void read(std::chrono::time_point<C, D>& time) {
    D length{};
    read(length);
    time = std::chrono::time_point<C, D>(length);
  }
  template <class T>
  void read(std::vector<T>& values) {
    values.clear();
    for (std::size_t left = read_length(); left > 0 && !has_failed_; --left) read(values.emplace_back());
  }
  template <class K, class V>
  void read(std::map<K, V>& values) {
    values.clear();
    for (std::size_t left = read_length(); left > 0 && !has_failed_; --left) {
      K key{};
      read(key);
      if (!values.empty() && !(values.rbegin()->first < key)) has_failed_ = true;
      if (!has_failed_) read(values[key]);
    }
  }

  const std::byte* at_;
  const std::byte* const end_;
  bool has_failed_ = false;
};

}  // namespace detail

template <class T>
[[nodiscard]] std::string to_value_bytes(T value) {
  std::string bytes;
  detail::ValueWriter writer(bytes);
  inspect(writer, value);
  return bytes;
}

/// Nothing: the bytes are not just one such value. Enumerators may be out of their range: look.
template <class T>
[[nodiscard]] std::optional<T> from_value_bytes(std::string_view bytes) {
  T value{};
  detail::ValueReader reader(std::as_bytes(std::span(bytes)));
  inspect(reader, value);
  if (!reader.is_done()) return std::nullopt;
  return value;
}

}  // namespace weir
