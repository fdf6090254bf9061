// SPDX-License-Identifier: Apache-2.0
// How values look to people. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir {

// In the time zone of the person; empty for the epoch, which means "not yet".
/// "MM/dd/yyyy HH:mm:ss", as steps of a job are printed.
[[nodiscard]] std::string step_time(WallTime time);
/// "dd.MM.yyyy HH:mm:ss", as lists of jobs are printed.
[[nodiscard]] std::string list_time(WallTime time);

/// "850 ms", "12.3 s", "4 min 05 s", "3 h 12 min".
[[nodiscard]] std::string short_duration(std::chrono::milliseconds length);
/// "950", "12.3 k", "4.56 M": three digits.
[[nodiscard]] std::string short_count(double count);

/// The text without what would move a terminal's cursor or change its colours: names come from users.
[[nodiscard]] std::string printable(std::string_view text);
/// The columns that UTF-8 takes on a terminal, where every character is as wide as a letter.
[[nodiscard]] std::size_t columns_of(std::string_view text);
/// At most that many columns; what was cut off is shown as "...".
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);

/// Rows of cells under titles, in columns as wide as they must be. Figures stand to the right.
class TextTable {
public:
  enum class Align : bool { Left, Right };
  struct Column {
    std::string title;
    Align align = Align::Left;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(std::vector<std::string> cells);
  /// Lines that end where their last cell does.
  [[nodiscard]] std::string text() const;

private:
  [[nodiscard]] std::string line(const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
