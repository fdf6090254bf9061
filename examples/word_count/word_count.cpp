// SPDX-License-Identifier: Apache-2.0
// Counts the words of a text.
//
//   weir run --local -p 2 libword_count.so --input PATH|socket://HOST:PORT
//                                          [--output PATH|-] [--emit updates|final]
//
// Words are runs of [A-Za-z0-9_], in lower case. Output: one line "(word,count)" a word with --emit final,
// when the input has ended; or one a word read with --emit updates, the default, which is what an endless
// input needs.
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/word_count/tokenizer.h"

/// A std::string_view in a record is a view of the buffer that it came in: nothing is copied until a word is
/// met for the first time, when the state keeps a copy of its own.
struct Word {
  std::string_view word;
  std::int64_t count = 0;
};

namespace {

/// Splits lines into words. Each subtask has one, and with it one block of memory for lower-casing.
class SplitWords {
public:
  void operator()(const std::string& line, weir::Out<Word>& out) {
    tokenizer_.split(line, [&](std::string_view word) { out({word, 1}); });
  }

private:
  weir::examples::Tokenizer tokenizer_;
};

weir::OperatorStream<std::string> open_input(weir::Environment& env, const std::string& input) {
  constexpr std::string_view kSocket = "socket://";
  if (!input.starts_with(kSocket)) return env.read_text(input);
  const std::string address = input.substr(kSocket.size());
  const auto colon = address.rfind(':');
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const char* const digits = colon == std::string::npos ? end : address.data() + colon + 1;
  if (const auto [at, error] = std::from_chars(digits, end, port); error != std::errc{} || at != end) {
    throw weir::ProgramError("--input '" + input + "' is not socket://HOST:PORT");
  }
  return env.socket_text(address.substr(0, colon), port);
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string input = params.require("input");
  const std::string output = params.get("output", "-");
  const auto emit = params.choose("emit", {"updates", "final"}) == "final" ? Emit::Final : Emit::Updates;

  auto counts = open_input(env, input)
                    .flat_map(SplitWords{})
                    .key_by(&Word::word)
                    .sum(&Word::count, emit)
                    .uid("counts");
  if (output == "-") counts.print(/*with_subtask=*/false);
  else if (output == "/dev/null") counts.discard();
  else counts.write_text(output);
  env.job_name("WordCount");
}
