// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace weir {

/// An amount of memory or disk.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

// What people write. Spaces around the unit do not matter, nor does its case.
/// `10 s`, `100ms`, `5 min`, `1 h`, `2 d`; a number alone means milliseconds. Never negative.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// `64mb`, `10485760b`, `1 g`; steps of 1024; a number alone means bytes.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

/// The kinds of values that options have.
enum class ValueKind : std::uint8_t { Text, Flag, Count, Length, Size };

/// An option whose type was forgotten: what lists and messages need.
struct AnyOption {
  std::string_view key;       // as in the configuration file: "taskmanager.numberOfTaskSlots"
  std::string_view fallback;  // the default, written as a person would write it
  std::string_view doc;       // one line
  ValueKind kind = ValueKind::Text;
};

/// An option whose values are of type T: std::string, bool, std::uint32_t, Duration or Bytes.
template <class T>
struct Option : AnyOption {
  constexpr Option(std::string_view key, std::string_view fallback, std::string_view doc);
};

/// What the person who runs this process wants: values for known options. Holds nothing that cannot be read,
/// so that whoever asks later gets an answer.
///
/// Threads: none; after start-up it is only read, by any.
/// Errors:  all at the way in. An unknown key comes with the nearest known one, a bad value with what was
///          expected.
class Config {
public:
  /// `known` outlives this.
  explicit Config(std::span<const AnyOption> known);

  /// Takes over lines of `key: value`. Empty lines and what follows a '#' (at a line's start or behind a
  /// blank) are skipped. `origin` names the text in errors.
  [[nodiscard]] Status read(std::string_view text, std::string_view origin);
  /// Takes over one `key=value`, as -D on the command line says.
  [[nodiscard]] Status override_with(std::string_view assignment);
  [[nodiscard]] Status set(std::string_view key, std::string_view value);

  /// The value that was set, else the option's default.
  template <class T>
  [[nodiscard]] T get(const Option<T>& option) const;
  [[nodiscard]] bool has(const AnyOption& option) const { return values_.count(option.key) != 0; }

  /// What was set, as `key, value`, by key; values of secret keys are masked.
  [[nodiscard]] std::vector<std::string> lines() const;

private:
  [[nodiscard]] std::string_view text_of(const AnyOption& option) const;

  const std::span<const AnyOption> known_;
  std::map<std::string, std::string, std::less<>> values_;
};

/// Whether a value under this key must not be shown: passwords, secrets, keys to accounts.
[[nodiscard]] bool is_secret(std::string_view key);

/// The candidate that is fewest edits away from `text`, or empty if none is near enough to be what was meant.
[[nodiscard]] std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

namespace detail {

template <class T>
struct OptionValue;

template <>
struct OptionValue<std::string> {
  static constexpr ValueKind kKind = ValueKind::Text;
  static Result<std::string> parse(std::string_view text) { return std::string(text); }
};
template <>
struct OptionValue<bool> {
  static constexpr ValueKind kKind = ValueKind::Flag;
  static Result<bool> parse(std::string_view text);
};
template <>
struct OptionValue<std::uint32_t> {
  static constexpr ValueKind kKind = ValueKind::Count;
  static Result<std::uint32_t> parse(std::string_view text);
};
template <>
struct OptionValue<Duration> {
  static constexpr ValueKind kKind = ValueKind::Length;
  static Result<Duration> parse(std::string_view text) { return parse_duration(text); }
};
template <>
struct OptionValue<Bytes> {
  static constexpr ValueKind kKind = ValueKind::Size;
  static Result<Bytes> parse(std::string_view text) { return parse_bytes(text); }
};

}  // namespace detail

template <class T>
constexpr Option<T>::Option(std::string_view key, std::string_view fallback, std::string_view doc)
    : AnyOption{key, fallback, doc, detail::OptionValue<T>::kKind} {}

template <class T>
T Config::get(const Option<T>& option) const {
  auto value = detail::OptionValue<T>::parse(text_of(option));
  WEIR_CHECK(value, "an option's default must be readable");
  return std::move(value).value();
}

}  // namespace weir
