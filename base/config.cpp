// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>

namespace weir {

namespace {

Error bad_value(std::string what) {
  return {.code = ErrorCode::BadArgument, .what = std::move(what), .blame = Blame::User};
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr Unit kTimeUnits[] = {{"", kSecond / 1000},      {"ns", 1},           {"us", 1000},
                               {"ms", kSecond / 1000},    {"s", kSecond},      {"sec", kSecond},
                               {"min", 60 * kSecond},     {"m", 60 * kSecond}, {"h", 3600 * kSecond},
                               {"d", 24 * 3600 * kSecond}};
constexpr Unit kSizeUnits[] = {
    {"", 1},           {"b", 1},           {"bytes", 1},      {"k", 1ull << 10},  {"kb", 1ull << 10},
    {"m", 1ull << 20}, {"mb", 1ull << 20}, {"g", 1ull << 30}, {"gb", 1ull << 30}, {"t", 1ull << 40},
    {"tb", 1ull << 40}};

/// A whole number and one of `units`, multiplied; nothing if the text is anything else or the product too
/// large.
std::optional<std::uint64_t> parse_amount(std::string_view text, std::span<const Unit> units) {
  text = trimmed(text);
  std::uint64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return std::nullopt;
  const std::string unit = lower(trimmed(text.substr(static_cast<std::size_t>(rest - text.data()))));
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; });
  std::uint64_t product = 0;
  if (found == units.end() || __builtin_mul_overflow(number, found->factor, &product)) return std::nullopt;
  return product;
}

/// Nothing wrong with `text` as a value of this kind, or what is.
Status check_value(ValueKind kind, std::string_view text) {
  const auto status_of = [](const auto& result) { return result ? Status::ok() : Status(result.error()); };
  switch (kind) {
    case ValueKind::Text: break;
    case ValueKind::Flag: return status_of(detail::OptionValue<bool>::parse(text));
    case ValueKind::Count: return status_of(detail::OptionValue<std::uint32_t>::parse(text));
    case ValueKind::Length: return status_of(parse_duration(text));
    case ValueKind::Size: return status_of(parse_bytes(text));
  }
  return Status::ok();
}

/// Levenshtein's distance: the fewest insertions, deletions and replacements that make `a` into `b`.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) return line.substr(0, i);
  }
  return line;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto nanoseconds = parse_amount(text, kTimeUnits);
  if (!nanoseconds || *nanoseconds > static_cast<std::uint64_t>(Duration::max().count())) {
    return bad_value(quoted(text) +
                     " is no duration; expected a number and a unit: 10 s, 100 ms, 5 min, 1 h");
  }
  return Duration(static_cast<Duration::rep>(*nanoseconds));
}

Result<Bytes> parse_bytes(std::string_view text) {
  const auto count = parse_amount(text, kSizeUnits);
  if (!count) return bad_value(quoted(text) + " is no size; expected a number and a unit: 64mb, 32kb, 1gb");
  return Bytes{*count};
}

Result<bool> detail::OptionValue<bool>::parse(std::string_view text) {
  const std::string word = lower(trimmed(text));
  if (word == "true") return true;
  if (word == "false") return false;
  return bad_value(quoted(text) + " is neither true nor false");
}

Result<std::uint32_t> detail::OptionValue<std::uint32_t>::parse(std::string_view text) {
  constexpr Unit kNone[] = {{"", 1}};
  const auto number = parse_amount(text, kNone);
  if (!number || *number > 0xFFFFFFFFu)
    return bad_value(quoted(text) + " is no whole number from 0 to 4294967295");
  return static_cast<std::uint32_t>(*number);
}

Config::Config(std::span<const AnyOption> known) : known_(known) {}

Status Config::read(std::string_view text, std::string_view origin) {
  const auto fail_at = [&](int line, Error error) {
    error.what = std::string(origin) + ":" + std::to_string(line) + ": " + error.what;
    return error;
  };
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto colon = line.find(": ");
    const bool ends_in_colon = colon == std::string_view::npos && line.back() == ':';
    if (colon == std::string_view::npos && !ends_in_colon) {
      return fail_at(number, bad_value(quoted(line) + " is no line of the form `key: value`"));
    }
    const auto key = trimmed(line.substr(0, ends_in_colon ? line.size() - 1 : colon));
    const auto value = ends_in_colon ? std::string_view{} : trimmed(line.substr(colon + 2));
    if (auto done = set(key, value); !done) return fail_at(number, done.error());
  }
  return Status::ok();
}

Status Config::override_with(std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos)
    return bad_value(quoted(assignment) + " is not of the form key=value");
  return set(trimmed(assignment.substr(0, equals)), trimmed(assignment.substr(equals + 1)));
}

Status Config::set(std::string_view key, std::string_view value) {
  const auto option =
      std::find_if(known_.begin(), known_.end(), [&](const AnyOption& o) { return o.key == key; });
  if (option == known_.end()) {
    std::vector<std::string_view> keys;
    for (const auto& known : known_) keys.push_back(known.key);
    const auto meant = nearest(key, keys);
    return Error{.code = ErrorCode::UnknownOption,
                 .what = "unknown option " + quoted(key) +
                         (meant.empty() ? "" : "; did you mean " + quoted(meant) + "?"),
                 .blame = Blame::User};
  }
  if (auto good = check_value(option->kind, value); !good) {
    Error error = good.error();
    error.what = std::string(key) + ": " + error.what;
    return error;
  }
  values_.insert_or_assign(std::string(key), std::string(value));
  return Status::ok();
}

std::string_view Config::text_of(const AnyOption& option) const {
  const auto found = values_.find(option.key);
  return found == values_.end() ? option.fallback : std::string_view(found->second);
}

std::vector<std::string> Config::lines() const {
  std::vector<std::string> lines;
  for (const auto& [key, value] : values_) lines.push_back(key + ", " + (is_secret(key) ? "******" : value));
  return lines;
}

bool is_secret(std::string_view key) {
  const std::string name = lower(key);
  constexpr std::string_view kWords[] = {"password", "secret",      "account.key",
                                         "apikey",   "auth-params", "token"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  std::size_t fewest = std::max<std::size_t>(2, text.size() / 3) + 1;
  std::string_view best;
  for (const auto candidate : candidates) {
    // At least as many edits as one is longer: a text without end costs nothing.
    if (std::max(text.size(), candidate.size()) - std::min(text.size(), candidate.size()) >= fewest) continue;
    const auto edits = edits_between(text, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace weir
