// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <utility>

namespace weir {

namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::size_t kUsualColumns = 80;

/// What a terminal is told for a colour; https://no-color.org may forbid it.
std::string_view code_of(Console::Colour colour) {
  switch (colour) {
    case Console::Colour::Red: return "\x1b[31m";
    case Console::Colour::Green: return "\x1b[32m";
    case Console::Colour::Dim: return "\x1b[2m";
    case Console::Colour::Plain: break;
  }
  return {};
}

}  // namespace

Console::Console()
    : is_terminal_(::isatty(STDERR_FILENO) == 1),
      has_colours_(is_terminal_ && std::getenv("NO_COLOR") == nullptr) {}

std::size_t Console::columns() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

void Console::print(std::string_view line, Colour colour) {
  const std::string_view code = has_colours_ ? code_of(colour) : std::string_view();
  const MutexLock lock(lock_);
  std::string text(shown_.empty() ? std::string_view() : kClearLine);
  text += code;
  text += line;
  if (!code.empty()) text += kPlain;
  std::cerr << text + "\n" + shown_ << std::flush;
}

void Console::show(std::string line) {
  if (!is_terminal_) return;
  const MutexLock lock(lock_);
  if (std::exchange(shown_, std::move(line)) != shown_)
    std::cerr << std::string(kClearLine) + shown_ << std::flush;
}

}  // namespace weir
