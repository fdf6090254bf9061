// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/result.h"

namespace weir {

namespace {

std::string time_text(WallTime time, const char* format) {
  if (time == WallTime{}) return {};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

/// Whether a byte of UTF-8 continues the character before it.
bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string step_time(WallTime time) { return time_text(time, "%m/%d/%Y %H:%M:%S"); }

std::string list_time(WallTime time) { return time_text(time, "%d.%m.%Y %H:%M:%S"); }

std::string short_duration(std::chrono::milliseconds length) {
  const auto ms = static_cast<long long>(std::max<std::int64_t>(length.count(), 0));
  if (ms < 1000) return format("%lld ms", ms);
  if (ms < 60'000) return format("%.1f s", static_cast<double>(ms / 100) / 10);
  const long long seconds = ms / 1000;
  if (seconds < 3600) return format("%lld min %02lld s", seconds / 60, seconds % 60);
  return format("%lld h %02lld min", seconds / 3600, seconds / 60 % 60);
}

std::string short_count(double count) {
  constexpr std::array<std::string_view, 6> kUnits{"", " k", " M", " G", " T", " P"};
  std::size_t unit = 0;
  for (; count >= 999.5 && unit + 1 < kUnits.size(); ++unit) count /= 1000;
  if (unit == 0) return format("%.0f", count);
  const int decimals = count < 9.995 ? 2 : count < 99.95 ? 1 : 0;
  return format("%.*f", decimals, count) + std::string(kUnits[unit]);
}

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // Control characters, and those that UTF-8 writes as C2 80 to C2 9F.
    const bool is_late_control = byte == 0xC2 && i + 1 < text.size() && continues(text[i + 1]) &&
                                 static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_late_control) ++i;
    result += byte < 0x20 || byte == 0x7F || is_late_control ? '?' : text[i];
  }
  return result;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string cut_to(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  if (columns_of(text) <= columns) return std::string(text);
  const std::size_t kept = columns > kCut.size() ? columns - kCut.size() : 0;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!continues(text[end]) && seen++ == kept) break;
  }
  return std::string(text.substr(0, end)) + std::string(kCut.substr(0, std::min(columns, kCut.size())));
}

void TextTable::add(std::vector<std::string> cells) {
  WEIR_CHECK(cells.size() == columns_.size(), "a row has a cell for every column");
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(columns_of(titles[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text = line(titles, widths);
  for (const auto& row : rows_) text += line(row, widths);
  return text;
}

std::string TextTable::line(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string blanks(widths[i] - columns_of(cells[i]), ' ');
    if (i > 0) text += "  ";
    text += columns_[i].align == Align::Right ? blanks + cells[i] : cells[i] + blanks;
  }
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace weir
