// SPDX-License-Identifier: Apache-2.0
// Both ways to split a text see the same words, and no byte outside it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "examples/word_count/tokenizer.h"
#include "test/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), bytes);
  std::vector<std::string> words;
  weir::examples::Tokenizer().split(text, [&](std::string_view word) { words.emplace_back(word); });

  std::string copy(text);
  copy.resize(bytes + weir::examples::kBlockBytes);
  std::size_t next = 0;
  weir::examples::split_in_place(copy.data(), bytes, [&](std::string_view word) {
    if (next == words.size() || words[next] != word || word.empty()) __builtin_trap();
    ++next;
  });
  if (next != words.size()) __builtin_trap();
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  return {"The quick_brown FOX, 42 times.\r\n", std::string(63, 'a') + " " + std::string(130, 'B'),
          "caf\xC3\xA9 \xFF_"};
}
