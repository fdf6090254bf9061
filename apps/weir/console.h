// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/sync.h"

namespace weir {

/// Standard error, where a person may sit: lines that stay and, on a terminal, one line below them that
/// changes.
///
/// Threads: any; no two write into each other's lines.
class Console {
public:
  enum class Colour : char { Plain, Red, Green, Dim };

  Console();
  ~Console() { show({}); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  [[nodiscard]] std::size_t columns() const;

  /// One line that stays, without its newline.
  void print(std::string_view line, Colour colour = Colour::Plain) WEIR_EXCLUDES(lock_);
  /// The line that changes; empty: there is none. Does nothing where there is no terminal.
  void show(std::string line) WEIR_EXCLUDES(lock_);

private:
  const bool is_terminal_;
  const bool has_colours_;
  Mutex lock_;
  std::string shown_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
