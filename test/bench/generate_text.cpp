// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "base/config.h"
#include "test/bench/text_generator.h"

namespace {

constexpr const char* kUsage =
    "usage: weir-generate-text --output FILE [--bytes 100mb] [--vocabulary 100000] [--seed 1]\n"
    "Writes Zipf-distributed text. Same arguments, same bytes.\n";

int refuse(const std::string& why) {
  std::fprintf(stderr, "weir-generate-text: %s\n%s", why.c_str(), kUsage);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using weir::Option;
  constexpr Option<std::string> kOutput{"--output", "", "file to write"};
  constexpr Option<weir::Bytes> kSize{"--bytes", "100mb", "how much"};
  constexpr Option<std::uint32_t> kVocabulary{"--vocabulary", "100000", "distinct words"};
  constexpr Option<std::uint32_t> kSeed{"--seed", "1", "of the random numbers"};
  constexpr weir::AnyOption kKnown[] = {kOutput, kSize, kVocabulary, kSeed};

  weir::Config arguments(kKnown);
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return refuse(std::string(argv[i]) + " needs a value");
    if (auto set = arguments.set(argv[i], argv[i + 1]); !set) return refuse(set.error().what);
  }
  const std::string output = arguments.get(kOutput);
  const std::uint32_t vocabulary = arguments.get(kVocabulary);
  if (output.empty()) return refuse("--output is missing");
  if (vocabulary < 1 || vocabulary > 1'000'000) return refuse("--vocabulary is between 1 and 1000000");

  const auto written = weir::bench::write_text(output, arguments.get(kSize).count,
                                               {.vocabulary = vocabulary, .seed = arguments.get(kSeed)});
  if (!written) return refuse(written.error().what);
  return 0;
}
