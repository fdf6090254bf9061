// SPDX-License-Identifier: Apache-2.0
// Any text, in any pieces: the lines are those of the whole. The first byte says how long the pieces are.
#include "execution/operators/line_splitter.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "test/fuzz/target.h"

namespace {

std::vector<std::string> split(std::string_view text, std::size_t piece) {
  std::vector<std::string> lines;
  const auto take = [&](const std::string& line) {
    lines.push_back(line);
    return true;
  };
  weir::LineSplitter splitter;
  for (std::size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece), take);
  splitter.finish(take);
  return lines;
}

/// Obviously right.
std::vector<std::string> split_slowly(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c != '\n') {
      lines.back() += c;
      continue;
    }
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    lines.emplace_back();
  }
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  WEIR_CHECK(split(text, data[0] + std::size_t{1}) == split_slowly(text), "the lines depend on the pieces");
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  return {"\x01one\ntwo\r\n\n\rthree", "\x05\r\n\r\n\r", "\xFF"};
}
