// SPDX-License-Identifier: Apache-2.0
// Counts the words of each ten seconds. Lines are "MILLIS text of any length"; out come "START WORD COUNT".
//
//   weir run --local -p 2 libwindow_word_count.so --input PATH [--output PATH|-] [--window-ms N]
//            [--slide-ms N] [--disorder-ms N]
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Word {
  std::string text;
  std::int64_t at = 0;
};

void split(const std::string& line, weir::Out<Word>& out) {
  std::string_view rest = line;
  const auto at = fields::number<std::int64_t>(fields::next(rest, ' '));
  while (!rest.empty()) {
    const std::string_view word = fields::next(rest, ' ');
    if (!word.empty()) out({std::string(word), at});
  }
}

std::chrono::milliseconds millis(const weir::Params& params, const char* name, std::int64_t otherwise) {
  return std::chrono::milliseconds(params.get_int(name, otherwise));
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto size = millis(params, "window-ms", 10'000);
  const auto slide = millis(params, "slide-ms", size.count());
  const auto disorder = millis(params, "disorder-ms", 1000);
  const std::string output = params.get("output", "-");

  auto counts = env.read_text(params.require("input"))
                    .flat_map(&split)
                    .assign_timestamps(&Word::at, bounded_out_of_orderness(disorder))
                    .key_by(&Word::text)
                    .window(SlidingEventTime(size, slide))
                    .count([](const std::string& word, const TimeWindow& window, std::int64_t count,
                              Out<std::string>& out) {
                      out(std::to_string(window.start) + " " + word + " " + std::to_string(count));
                    })
                    .uid("counts");
  if (output == "-") counts.print(/*with_subtask=*/false);
  else counts.write_text(output);
  env.job_name("Window Word Count");
}
