// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "base/result.h"
#include "examples/word_count/tokenizer.h"

namespace weir::limits {

/// A file that is read with plain system calls.
class TextFile {
public:
  explicit TextFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    WEIR_CHECK(descriptor_ >= 0, "cannot open " + path);
    struct stat status {};
    WEIR_CHECK(::fstat(descriptor_, &status) == 0, "cannot stat " + path);
    bytes_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~TextFile() { ::close(descriptor_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// As many bytes as there are, up to `bytes`.
  std::size_t read(std::uint64_t position, char* to, std::size_t bytes) const {
    const auto got = ::pread(descriptor_, to, bytes, static_cast<off_t>(position));
    WEIR_CHECK(got >= 0, "cannot read");
    return static_cast<std::size_t>(got);
  }

  /// The first line that begins at or behind `position`.
  [[nodiscard]] std::uint64_t line_behind(std::uint64_t position) const {
    char c = 0;
    while (position > 0 && position < bytes_ && (read(position - 1, &c, 1), c != '\n')) ++position;
    return position;
  }

private:
  int descriptor_;
  std::uint64_t bytes_ = 0;
};

/// Calls `visit(word)` for each word between two positions at which lines begin. 256 bytes at least are
/// readable behind every word's beginning.
template <class Visit>
void for_each_word(const TextFile& file, std::uint64_t begin, std::uint64_t end, Visit&& visit) {
  constexpr std::size_t kReadBytes = 128 * 1024;  // with its tail it stays in the second-level cache
  std::size_t capacity = 2 * kReadBytes;
  auto block = std::make_unique<char[]>(capacity + 256);
  std::size_t carried = 0;  // bytes of an unfinished line at the block's beginning
  while (begin < end) {
    if (carried + kReadBytes > capacity) {
      auto larger = std::make_unique<char[]>(2 * capacity + 256);
      std::memcpy(larger.get(), block.get(), carried);
      block = std::move(larger);
      capacity *= 2;
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, end - begin));
    const std::size_t got = file.read(begin, block.get() + carried, wanted);
    if (got == 0) break;
    begin += got;
    const std::size_t filled = carried + got;
    const void* const last_line = ::memrchr(block.get(), '\n', filled);
    const std::size_t whole =
        begin >= end ? filled
                     : (last_line == nullptr ? 0 : static_cast<const char*>(last_line) - block.get() + 1);
    // Splitting in place scribbles over what stands behind the text: over the next line's beginning.
    char next[examples::kBlockBytes];
    std::memcpy(next, block.get() + whole, sizeof next);
    examples::split_in_place(block.get(), whole, visit);
    std::memcpy(block.get() + whole, next, sizeof next);
    carried = filled - whole;
    std::memmove(block.get(), block.get() + whole, carried);
  }
}

}  // namespace weir::limits
