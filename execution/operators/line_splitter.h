// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir {

/// Cuts a stream of bytes into lines. A line ends at '\n'; a '\r' before it belongs to the end. Bytes are
/// kept as they are, valid UTF-8 or not.
///
/// Order:  feed() pieces in order, then finish() for what stands behind the last newline.
/// Errors: a line longer than kMaxLineBytes throws.
class LineSplitter {
public:
  static constexpr std::size_t kMaxLineBytes = std::size_t{1} << 30;

  /// Calls take(const std::string&) for each line that ends in `piece`, until take says false: then the rest
  /// of the piece is dropped and the answer is false. `take` may not keep the reference.
  template <class Take>
  bool feed(std::string_view piece, Take&& take) {
    while (!piece.empty()) {
      const void* newline = std::memchr(piece.data(), '\n', piece.size());
      if (newline == nullptr) {
        append(piece);
        consumed_ += piece.size();
        return true;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - piece.data());
      append(piece.substr(0, length));
      consumed_ += length + 1;
      piece.remove_prefix(length + 1);
      if (!line_.empty() && line_.back() == '\r') line_.pop_back();
      const bool more = take(line_);
      line_.clear();
      if (!more) return false;
    }
    return true;
  }

  /// Calls take for the last line if it has no newline.
  template <class Take>
  void finish(Take&& take) {
    if (!line_.empty()) take(line_);
    line_.clear();
  }

  /// How many bytes it was fed up to the end of the line that was taken last, the newline with it.
  [[nodiscard]] std::uint64_t consumed() const { return consumed_; }

private:
  void append(std::string_view bytes) {
    if (line_.size() + bytes.size() > kMaxLineBytes) {
      throw std::length_error("a line of more than " + std::to_string(kMaxLineBytes >> 20) + " MiB");
    }
    line_ += bytes;
  }

  std::uint64_t consumed_ = 0;
  std::string line_;  // reused: a line costs one copy and no allocation
};

}  // namespace weir
